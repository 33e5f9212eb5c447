package main

import (
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
)

// dial returns a client of this node's daemon. Nothing is opened before the first call.
func dial(e *env) (*client.Client, error) {
	socket, err := socketPath(e)
	if err != nil {
		return nil, err
	}
	d := client.New(socket)
	e.clients = append(e.clients, d)
	return d, nil
}

// printAnswer prints a type of the local interface as that interface spells it, so that a script reads the same from both.
func printAnswer(e *env, v any) error {
	text, err := api.Encode(v)
	if err != nil {
		return err
	}
	return printJSON(e.Stdout, jsontext.Value(text))
}
