// SPDX-License-Identifier: Apache-2.0

// The same operations with filippo.io/age: a line of JSON for each, CPU microseconds, the median of the rounds.
// CPU is that of the whole process, the collector of garbage included.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"syscall"

	"filippo.io/age"
)

const (
	plainBytes = 4096
	rounds     = 15
	times      = 200
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-seal in Go:", err)
		os.Exit(70)
	}
}

func cpuMicroseconds() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
}

func measure(name string, run func()) {
	var of []float64
	run()
	for round := 0; round < rounds; round++ {
		began := cpuMicroseconds()
		for i := 0; i < times; i++ {
			run()
		}
		of = append(of, (cpuMicroseconds()-began)/times)
	}
	sort.Float64s(of)
	fmt.Printf("{\"figure\":\"operation\",\"by\":\"Go's filippo.io/age\",\"name\":%q,\"cpu_us\":%.2f}\n", name, of[rounds/2])
}

func main() {
	folder := os.Args[1]
	text, err := os.Open(filepath.Join(folder, "identities"))
	must(err)
	identities, err := age.ParseIdentities(text)
	must(err)
	file, err := os.ReadFile(filepath.Join(folder, "file.age"))
	must(err)
	var recipients []age.Recipient
	for _, identity := range identities {
		recipients = append(recipients, identity.(*age.X25519Identity).Recipient())
	}
	plain := make([]byte, plainBytes)
	var sealed bytes.Buffer
	measure("seal", func() {
		sealed.Reset()
		writer, err := age.Encrypt(&sealed, recipients...)
		must(err)
		_, err = writer.Write(plain)
		must(err)
		must(writer.Close())
	})
	open := func(identity age.Identity) {
		reader, err := age.Decrypt(bytes.NewReader(file), identity)
		must(err)
		opened, err := io.ReadAll(reader)
		must(err)
		if len(opened) != plainBytes {
			must(io.ErrUnexpectedEOF)
		}
	}
	measure("open, first of four", func() { open(identities[0]) })
	measure("open, last of four", func() { open(identities[len(identities)-1]) })
}
