package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/regions"
)

// regionRow is a region as `regions --format json` prints it.
type regionRow struct {
	ID           string          `json:"id"`
	Title        string          `json:"title"`
	Cloud        string          `json:"cloud"`
	Open         bool            `json:"open"`
	Control      bool            `json:"control"`
	Registry     string          `json:"registry"`
	Kubernetes   string          `json:"kubernetes"`
	Record       string          `json:"dnsRecord"`
	Target       string          `json:"dnsTarget,omitempty"`
	ICPFiling    bool            `json:"icpFiling"`
	Proxies      []string        `json:"proxies"`
	Peering      peeringRow      `json:"peering"`
	SourceCIDRs  []string        `json:"sourceCIDRs"`
	Dialect      string          `json:"dialect"`
	Capabilities map[string]bool `json:"capabilities"`
}

type peeringRow struct {
	Account string `json:"account"`
	VPC     string `json:"vpc"`
	CIDR    string `json:"cidr,omitempty"`
}

func (c *cli) regionsCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "regions",
		Short: "List the platform's regions",
		Long: `List the regions, open and closed, with what applications and their owners must
know of them: registry, DNS record, proxy addresses, peering and source
addresses, and what the edge can express.`,
		Example: `  meridian regions
  meridian regions --format json --platform ./platform`,
		Args:        cobra.NoArgs,
		Annotations: map[string]string{formatsAnnotation: "text json"},
		RunE: func(*cobra.Command, []string) error {
			s, err := c.newSession()
			if err != nil {
				return err
			}
			rows := regionRows(s.compiler.Platform())
			switch format {
			case "text":
				return c.printRegions(rows)
			case "json":
				return printJSON(c, rows)
			}
			return usageError{fmt.Errorf("unknown format %q; want text or json", format)}
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text or json")
	return cmd
}

func printJSON(c *cli, value any) error {
	enc := json.NewEncoder(c.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

func regionRows(p *regions.Platform) []regionRow {
	var rows []regionRow
	for i := range p.Regions {
		r := &p.Regions[i]
		can := compiler.Dialects()[r.Edge.HTTP.Dialect].Capabilities()
		rows = append(rows, regionRow{
			ID: r.ID, Title: r.Title, Cloud: r.Cloud, Open: r.Open, Control: r.Control, Registry: r.Registry, Kubernetes: r.Kubernetes,
			Record: r.DNS.Record, Target: r.DNS.Target, ICPFiling: r.DNS.ICPFiling, Proxies: r.Proxies,
			Peering: peeringRow(r.Peering), SourceCIDRs: r.SourceCIDRs, Dialect: r.Edge.HTTP.Dialect,
			Capabilities: map[string]bool{
				"allowList":         can.AllowList && r.Edge.ClientAddress != "lost",
				"permanentRedirect": can.PermanentRedirect,
				"redirectNeedsCert": can.RedirectNeedsCert,
				"wildcardHost":      can.WildcardHost,
				"tcp":               can.TCP && r.Edge.L4 != nil,
				"udp":               can.UDP && r.Edge.L4 != nil,
			},
		})
	}
	return rows
}
