//go:build unix

// The program aws that needs.AWS puts on PATH. It hands its arguments, environment, folder and standard streams to the
// server beside it (aws.py), which runs the AWS CLI with them, and ends with its exit code.
package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "aws:", err)
		code = 255
	}
	os.Exit(code)
}

func run() (int, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(filepath.Dir(program), "socket"), Net: "unix"})
	if err != nil {
		return 0, err
	}
	words := append([]string{dir, strconv.Itoa(len(os.Args) - 1)}, os.Args[1:]...)
	request := strings.Join(append(words, os.Environ()...), "\x00") // which none of them can contain
	size := binary.BigEndian.AppendUint32(nil, uint32(len(request)))
	if _, _, err := c.WriteMsgUnix(size, syscall.UnixRights(0, 1, 2), nil); err != nil {
		return 0, err
	}
	if _, err := c.Write([]byte(request)); err != nil {
		return 0, err
	}
	var code [1]byte
	_, err = c.Read(code[:])
	return int(code[0]), err
}
