package change

import (
	"fmt"
	"strings"
)

// mostNamed is how many things of a kind a note names one by one.
const mostNamed = 4

// someOf joins the first few of a list and says how many more there are.
func someOf(list []string) string {
	if len(list) <= mostNamed {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:mostNamed], ", "), len(list)-mostNamed)
}
