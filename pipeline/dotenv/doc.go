// Package dotenv reads files of names and values: dotenv files, as their readers do,
// and JSON objects.
//
// No standard says what a dotenv file is. Parse reads one as most of four readers do:
// Node.js (util.parseEnv), npm's dotenv, python-dotenv and godotenv. Where two
// disagree with two, it reads as Node.js and npm's dotenv do. Wherever they disagree
// about a value, a note says so. Only the PEM block without quotes, of which readers
// read the first line, is left out. testdata has files to compare Parse with them.
//
// Values are only ever in a secret.Value. Errors and notes have lines and names, and
// nothing of a value. A line that could be part of a value has no name here.
package dotenv
