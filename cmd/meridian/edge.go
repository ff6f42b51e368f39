package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/publish"
)

// publishEdge computes what regions' proxies read again, by the platform that is recorded, or given.
func (c *cli) publishEdge(cmd *cobra.Command, f publishFlags, args []string) error {
	if f.spaces || f.pull.base != "" || len(args) > 0 || len(f.extend) > 0 {
		return usageError{errors.New("publish --edge takes no applications, and neither --spaces nor --base")}
	}
	r, err := c.openRepository(cmd.Context(), cmd, f.target, f.untrusted)
	if err != nil {
		return err
	}
	defer r.close()
	if err := c.complete(&r.options, f, r.session.compiler); err != nil {
		return err
	}
	m := c.publishing(&r.options)
	result, list, err := publish.Edge(cmd.Context(), r.options, r.session.compiler.Platform().Digest)
	m.stop()
	if err != nil {
		return c.recordProblem(err)
	}
	if err := c.report(list, nil); err != nil {
		return err
	}
	return c.printResult(result, f.dryRun, f.dryRun)
}
