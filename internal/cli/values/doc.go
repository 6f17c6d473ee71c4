// Package values reads the values that commands put: one value from a prompt, standard
// input or a file, or many from a dotenv or JSON file.
package values
