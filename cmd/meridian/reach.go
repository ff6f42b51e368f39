package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/reach"
)

// reachOptions are the flags of `reach`.
type reachOptions struct {
	to, from, port, protocol, format string
	only                             []string
}

func (c *cli) reachCommand() *cobra.Command {
	var o reachOptions
	cmd := &cobra.Command{
		Use:   "reach " + appsUsage,
		Short: "Say whether a connection is possible, and why",
		Long: `Say, region by region, whether an application may open a connection (--to) or
may be reached (--from), and which rule of which NetworkPolicy says so. The
answer comes from the rendered manifests and the space's own policy, as a
cluster has them; nothing is asked, looked up or fetched.

--to is an address or a range with a port (10.1.2.3:5432, 10.0.0.53:53/udp,
[2001:db8::1]:443, 10.1.0.0/16:5432), or another application (users:grpc,
payments/ledger:http). --from is an address or a range, another application,
edge (who brings requests from outside) or monitoring. Without a port every port
that the called application declares is asked for.

Every application that the arguments name is asked, but the one at the other
end. Between two applications both have a say: when the other one's app.cue is
not among the arguments, the answer is "by this side". For an address from
outside, the exposures and their allow-lists count too: such requests come
through the edge. That routes, peerings, security groups and proxy ports are as
they must be, no manifest says: see meridian plan.

Exit codes: 0 when all that was asked is allowed in every region, by this side
at least (with --strict: by both); 1 when anything is not, only in part, or
cannot be told; 2 usage.` + appsHelp,
		Example: `  meridian reach --to 10.1.2.3:5432 --region aws-oregon app.cue
  meridian reach --to payments/ledger:http shop ledger
  meridian reach --from 203.0.113.7 --port web
  meridian reach --from edge --format json ./...`,
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{formatsAnnotation: "text json"},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := o.parse()
			if err != nil {
				return usageError{err}
			}
			s, err := c.newSession()
			if err != nil {
				return err
			}
			if err := checkRegions(s, o.only); err != nil {
				return err
			}
			world, err := c.surveyAll(cmd.Context(), s, args, asked, o.only)
			if err != nil {
				return err
			}
			return c.printReach(world.answerAll(asked), o.format)
		},
	}
	cmd.Flags().StringVar(&o.to, "to", "", "`TARGET` that the applications want to open: ADDRESS:PORT, RANGE:PORT or [SPACE/]APP:PORT")
	cmd.Flags().StringVar(&o.from, "from", "", "`SOURCE` that wants to reach the applications: ADDRESS, RANGE, [SPACE/]APP, edge or monitoring")
	cmd.Flags().StringVar(&o.port, "port", "", "the called application's `PORT`, by name or number; PORT/udp is UDP (default: every port it declares)")
	cmd.Flags().StringVar(&o.protocol, "protocol", "", "`PROTOCOL`: tcp, udp or sctp (default: that of the port's name, else tcp)")
	cmd.Flags().StringVar(&o.format, "format", "text", "`FORMAT`: text or json")
	regionFlag(cmd, &o.only)
	return cmd
}

// printReach prints the answers. It returns errReported when anything that was asked is not allowed.
func (c *cli) printReach(answers []connection, format string) error {
	if len(answers) == 0 {
		return usageError{errors.New("there is nothing to ask: no application of the arguments is in these regions")}
	}
	var err error
	if format == "json" {
		err = printJSON(c, answers)
	} else {
		_, err = fmt.Fprint(c.Stdout, reachText(answers, c.style(c.Stdout)))
	}
	if err != nil {
		return err
	}
	for _, answer := range answers {
		for _, region := range answer.Regions {
			switch region.Outcome {
			case reach.Allowed:
			case reach.OneSided:
				if c.strict {
					err = errReported
				}
			default:
				err = errReported
			}
		}
	}
	return err
}
