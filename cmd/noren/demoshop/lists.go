package demoshop

import (
	"embed"
	"fmt"
	"strings"

	"noren"
)

//go:embed data/*.txt
var data embed.FS

// lines returns the lines of an embedded list, without empty lines and comments.
func lines(name string) []string {
	text, err := data.ReadFile("data/" + name)
	if err != nil {
		panic("demoshop: " + err.Error()) // it is part of the program
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

// scan reads the words of one line of a list into the values pointed to.
func scan(line string, to ...any) {
	if _, err := fmt.Sscan(line, to...); err != nil {
		panic(fmt.Sprintf("demoshop: the line %q of a list: %v", line, err)) // it is part of the program
	}
}

// surname is a family name with how many bear it.
type surname struct {
	name, kana, romaji string
	weight             int
}

// readSurnames reads the most frequent family names, and a few rare ones that are hard to read.
func readSurnames() []surname {
	var list []surname
	for _, line := range lines("surnames.txt") {
		var s surname
		scan(line, &s.name, &s.kana, &s.romaji, &s.weight)
		list = append(list, s)
	}
	return list
}

// givenName is a first name with the years of birth in which it was given: nobody expects a 和子 of twenty.
type givenName struct {
	sex                noren.Sex
	name, kana, romaji string
	from, to           int // years of birth
	weight             int
}

// readGiven reads first names.
func readGiven() []givenName {
	var list []givenName
	for _, line := range lines("given.txt") {
		var n givenName
		var sex string
		scan(line, &sex, &n.name, &n.kana, &n.romaji, &n.from, &n.to, &n.weight)
		n.sex = noren.Female
		if sex == "M" {
			n.sex = noren.Male
		}
		list = append(list, n)
	}
	return list
}

// place is a city or ward. Its postal codes and telephone numbers begin as they really do.
type place struct {
	prefecture, city, postal, area string
	weight                         int
}

// readPlaces reads cities and wards of all prefectures.
func readPlaces() []place {
	var list []place
	for _, line := range lines("places.txt") {
		var p place
		scan(line, &p.prefecture, &p.city, &p.postal, &p.area, &p.weight)
		list = append(list, p)
	}
	return list
}

// surname draws a family name, 佐藤 most often.
func (g *generator) surname() surname {
	return pick(g, g.surnames, func(s surname) int { return s.weight })
}

// place draws where somebody lives, more often where many do.
func (g *generator) place() place { return pick(g, g.places, func(p place) int { return p.weight }) }

// givenName draws a name that was common for people of that sex and year of birth.
func (g *generator) givenName(sex noren.Sex, birthYear int) givenName {
	return pick(g, g.given, func(n givenName) int {
		if n.sex != sex || birthYear < n.from || birthYear > n.to {
			return 0
		}
		return n.weight
	})
}

// pick draws one entry of a list, each as often as its weight says.
func pick[T any](g *generator, list []T, weight func(T) int) T {
	total := 0
	for _, x := range list {
		total += weight(x)
	}
	n := g.rand.IntN(total)
	for _, x := range list {
		if n -= weight(x); n < 0 {
			return x
		}
	}
	panic("demoshop: the weights of a list changed while it was read")
}
