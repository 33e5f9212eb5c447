package config

import _ "embed" // the template

//go:embed template.toml
var template string

// Template returns a config.toml that sets nothing, with every setting, its default and its manual as
// comments.
func Template() string { return template }
