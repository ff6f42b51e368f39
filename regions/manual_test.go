package regions_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/regions"
)

// The tables of the manual, copied from it row by row. Beside each row stands the original's own line, so that
// the two can be compared by eye.

// TestRegionNames holds identifiers, names, clouds, registry hosts and which regions are open (S1, S5).
func TestRegionNames(t *testing.T) {
	type row struct {
		ID, Title, Cloud, Registry string
		Open, Control              bool
	}
	want := []row{
		{"aws-beijing", "AWS-北京", "AWS", "cnbj-repo.cloud.mi.com", true, false},                     // AWS-北京 cnbj-repo.cloud.mi.com
		{"aws-frankfurt", "AWS-法兰克福", "AWS", "us-repo.cloud.mi.com", true, false},                   // AWS-法兰克福 us-repo.cloud.mi.com
		{"aws-oregon", "AWS-俄勒冈", "AWS", "us-repo.cloud.mi.com", true, false},                       // AWS-俄勒冈 us-repo.cloud.mi.com
		{"aws-singapore", "AWS-新加坡", "AWS", "us-repo.cloud.mi.com", true, false},                    // AWS-新加坡 us-repo.cloud.mi.com
		{"ksc-beijing6", "金山云-北京6", "Kingsoft Cloud", "cnbj6-repo.cloud.mi.com", true, true},        // 金山云-北京6 cnbj6-repo.cloud.mi.com
		{"ksc-russia", "金山云-俄罗斯", "Kingsoft Cloud", "ru-repo.cloud.mi.com", false /* 未开通 */, false}, // 金山云-俄罗斯 ru-repo.cloud.mi.com
	}
	var got []row
	for _, r := range demo(t).Regions {
		got = append(got, row{r.ID, r.Title, r.Cloud, r.Registry, r.Open, r.Control})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of regions (-want +got):\n%s", diff)
	}
}

// TestDNSRecords holds what a domain points at (S12). The targets are assigned by the operator: none is written down.
func TestDNSRecords(t *testing.T) {
	compareTable(t, func(r *regions.Region) regions.DNSRecord { return r.DNS }, map[string]regions.DNSRecord{
		"ksc-beijing6":  {Record: "A", ICPFiling: true},     // 金山云-北京6 A记录 请提前做好域名备案,具体IP地址请联系生态云工程师分配
		"aws-beijing":   {Record: "CNAME", ICPFiling: true}, // AWS-北京 CNAME 请提前做好域名备案,具体域名指向请联系生态云工程师分配
		"aws-oregon":    {Record: "CNAME"},                  // AWS-俄勒冈 CNAME 具体域名指向请联系生态云工程师分配
		"aws-frankfurt": {Record: "CNAME"},                  // AWS-法兰克福 CNAME 具体域名指向请联系生态云工程师分配
		"aws-singapore": {Record: "CNAME"},                  // AWS-新加坡 CNAME 具体域名指向请联系生态云工程师分配
		"ksc-russia":    {Record: "A"},                      // 金山云-俄罗斯 A记录 具体IP地址请联系生态云工程师分配
	})
}

// TestProxies holds the proxy servers' addresses; one that the manual lists twice is one address (S13).
func TestProxies(t *testing.T) {
	compareTable(t, func(r *regions.Region) []string { return r.Proxies }, map[string][]string{
		"ksc-beijing6":  {"120.92.209.6", "120.92.209.63"},   // 金山云-北京6 120.92.209.6 120.92.209.63
		"aws-beijing":   {"52.80.76.13"},                     // AWS-北京 52.80.76.13 52.80.76.13
		"aws-oregon":    {"35.167.218.13", "34.214.57.248"},  // AWS-俄勒冈 35.167.218.13 34.214.57.248
		"aws-frankfurt": {"52.57.4.119"},                     // AWS-法兰克福 52.57.4.119 52.57.4.119
		"aws-singapore": {"13.228.7.67", "52.221.144.140"},   // AWS-新加坡 13.228.7.67 52.221.144.140
		"ksc-russia":    {"107.155.52.35", "107.155.52.136"}, // 金山云-俄罗斯 107.155.52.35 107.155.52.136
	})
}

// TestPeering holds the engine's accounts, VPCs and routed ranges; none where no routing is needed (S17).
func TestPeering(t *testing.T) {
	compareTable(t, func(r *regions.Region) regions.Peering { return r.Peering }, map[string]regions.Peering{
		"ksc-beijing6":  {Account: "73399430", VPC: "76403753-3fa0-4978-9096-4f68e06ea2f0"},                        // 73399430 76403753-3fa0-4978-9096-4f68e06ea2f0 N/A
		"aws-beijing":   {Account: "403169663644", VPC: "vpc-d2f921b6", CIDR: "10.7.0.0/16"},                       // 403169663644 vpc-d2f921b6 10.7.0.0/16
		"aws-oregon":    {Account: "654082142051", VPC: "vpc-6c9d3d09", CIDR: "10.10.0.0/16"},                      // 654082142051 vpc-6c9d3d09 10.10.0.0/16
		"aws-frankfurt": {Account: "654082142051", VPC: "vpc-7cf1d114", CIDR: "10.131.0.0/21"},                     // 654082142051 vpc-7cf1d114 10.131.0.0/21
		"aws-singapore": {Account: "654082142051", VPC: "vpc-47575023", CIDR: "10.141.0.0/21"},                     // 654082142051 vpc-47575023 10.141.0.0/21
		"ksc-russia":    {Account: "73399430", VPC: "1bffc183-97c4-492c-874e-4370fa5333b3", CIDR: "10.171.0.0/20"}, // 73399430 1bffc183-97c4-492c-874e-4370fa5333b3 10.171.0.0/20
	})
}

// TestSourceCIDRs holds the engine's addresses that a security group must admit (S18).
func TestSourceCIDRs(t *testing.T) {
	compareTable(t, func(r *regions.Region) []string { return r.SourceCIDRs }, map[string][]string{
		"ksc-beijing6":  {"10.1.9.0/24", "10.1.10.0/24"},    // 金山云-北京6 10.1.9.0/24, 10.1.10.0/24
		"aws-beijing":   {"10.7.3.0/24", "10.7.4.0/24"},     // AWS-北京 10.7.3.0/24, 10.7.4.0/24
		"aws-oregon":    {"10.10.16.0/20", "10.10.80.0/20"}, // AWS-俄勒冈 10.10.16.0/20, 10.10.80.0/20
		"aws-frankfurt": {"10.131.2.0/24", "10.131.3.0/24"}, // AWS-法兰克福 10.131.2.0/24, 10.131.3.0/24
		"aws-singapore": {"10.141.1.0/24", "10.141.3.0/24"}, // AWS-新加坡 10.141.1.0/24, 10.141.3.0/24
		"ksc-russia":    {"10.171.2.0/24"},                  // 金山云-俄罗斯 10.171.2.0/24
	})
}

// compareTable compares one column of all regions.
func compareTable[V any](t *testing.T, column func(*regions.Region) V, want map[string]V) {
	t.Helper()
	got := map[string]V{}
	p := demo(t)
	for i := range p.Regions {
		got[p.Regions[i].ID] = column(&p.Regions[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
