// Tells what a program built for WASI sees of its host: report FILE [WORD…].
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	file, words := "", []string{}
	if len(os.Args) > 1 {
		file, words = os.Args[1], os.Args[2:]
	}
	fmt.Printf("arguments: %s\n", strings.Join(words, " "))
	zone, found := os.LookupEnv("TZ")
	if !found {
		zone = "none"
	}
	fmt.Printf("TZ: %s\n", zone)
	fmt.Printf("file: %s\n", orNone(read(file)))
	fmt.Printf("directory: %s\n", orNone(names(filepath.Dir(file))))
	fmt.Printf("copy: %s\n", orNone(copied(file)))
	fmt.Fprintln(os.Stderr, "not yet asked: time and chance")
	when := "long ago"
	if time.Now().Year() > 2020 {
		when = "now"
	}
	fmt.Printf("time: %s\n", when)
	drawn := make([]byte, 16)
	count, err := rand.Read(drawn)
	fmt.Printf("random: %s\n", orNone(fmt.Sprint(count), err))
	fmt.Fprintln(os.Stderr, "done")
	os.Exit(7)
}

func orNone(found string, err error) string {
	if err != nil {
		return "none"
	}
	return found
}

func read(file string) (string, error) {
	content, err := os.ReadFile(file)
	return string(content), err
}

func names(directory string) (string, error) {
	entries, err := os.ReadDir(directory)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " "), err
}

// Writes the file's content beside it, in two pieces, and reads it back.
func copied(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	out, err := os.Create(file + ".copy")
	if err != nil {
		return "", err
	}
	half := len(content) / 2
	for _, piece := range [][]byte{content[:half], content[half:]} {
		if _, err := out.Write(piece); err != nil {
			return "", err
		}
	}
	if err := out.Close(); err != nil {
		return "", err
	}
	return read(file + ".copy")
}
