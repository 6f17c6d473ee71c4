// The program godotenv prints what godotenv reads of each file in a folder, as JSON: {FILE: {NAME: VALUE}}, with null for a
// file that it refuses.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/joho/godotenv"
)

func main() {
	all := map[string]map[string]string{}
	files, err := os.ReadDir(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range files {
		if all[file.Name()], err = godotenv.Read(filepath.Join(os.Args[1], file.Name())); err != nil {
			all[file.Name()] = nil
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		log.Fatal(err)
	}
}
