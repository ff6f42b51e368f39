package diag

// Codes of publishing.
const (
	SpaceMissing Code = "M8001"
)

func publishCodes() []Entry {
	return []Entry{
		{SpaceMissing, Error, "the space is not in the repository", "An application was published before its space. Only `publish --platform` writes a space.", "publish the platform first: meridian publish --platform"},
	}
}
