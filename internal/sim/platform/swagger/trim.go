//go:build ignore

// Trim keeps of the official Swagger of ECE and Elastic Cloud what the stand-ins need to be strict: every path with
// its methods, and the parameters, bodies and answers of the operations that are served.
//
//	go run trim.go "$(go mod download -json github.com/elastic/cloud-sdk-go@v1.25.0 | jq -r .Dir)/api"
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var served = map[string]bool{}

func main() {
	for op := range strings.FieldsSeq(`
		list-deployments search-deployments get-deployment update-deployment get-deployment-es-resource-info
		get-deployment-es-resource-keystore set-deployment-es-resource-keystore get-deployment-certificate-authority
		restart-deployment-es-resource get-deployment-es-resource-remote-clusters
		get-traffic-filter-rulesets create-traffic-filter-ruleset get-traffic-filter-ruleset update-traffic-filter-ruleset
		delete-traffic-filter-ruleset create-traffic-filter-ruleset-association get-traffic-filter-ruleset-deployment-associations
		delete-traffic-filter-ruleset-association get-traffic-filter-deployment-ruleset-associations
		get-allocators get-allocator get-tls-certificate get-trust-relationships get-trust-relationship get-current-account get-trusted-envs list-organizations
		get-deployment-resource-proxy-requests post-deployment-resource-proxy-requests put-deployment-resource-proxy-requests
		delete-deployment-resource-proxy-requests`) {
		served[op] = true
	}
	for in, out := range map[string]string{"apidocs.json": "ece.json", "apidocs-user.json": "ech.json"} {
		trim(filepath.Join(os.Args[1], in), out)
	}
}

type object = map[string]any

func trim(in, out string) {
	raw, err := os.ReadFile(in)
	check(err)
	var doc object
	check(json.Unmarshal(raw, &doc))
	definitions, _ := doc["definitions"].(object)
	paths, keep := object{}, object{}
	for path, methods := range doc["paths"].(object) {
		ops := object{}
		for method, op := range methods.(object) {
			o, ok := op.(object)
			if !ok || o["operationId"] == nil {
				continue
			}
			id := o["operationId"].(string)
			if !served[id] {
				ops[method] = object{"id": id}
				continue
			}
			ops[method] = object{"id": id, "served": true, "parameters": clean(o["parameters"]), "responses": clean(o["responses"])}
			follow(ops[method], definitions, keep)
		}
		paths[path] = ops
	}
	text, err := json.MarshalIndent(object{"paths": paths, "definitions": keep}, "", " ")
	check(err)
	check(os.WriteFile(out, append(text, '\n'), 0o644))
	fmt.Println(out, len(paths), "paths", len(keep), "definitions", len(text), "bytes")
}

// clean drops prose and headers.
func clean(v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, in := range v {
			if _, isText := in.(string); k == "example" || (k == "description" && isText) || k == "headers" || k == "title" || k == "x-doc" {
				continue
			}
			out[k] = clean(in)
		}
		return out
	case []any:
		out := []any{}
		for _, in := range v {
			out = append(out, clean(in))
		}
		return out
	}
	return v
}

func follow(v any, from, keep object) {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, "#/definitions/")
			if _, done := keep[name]; !done {
				keep[name] = clean(from[name])
				follow(keep[name], from, keep)
			}
		}
		for _, in := range v {
			follow(in, from, keep)
		}
	case []any:
		for _, in := range v {
			follow(in, from, keep)
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
