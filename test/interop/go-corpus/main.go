// Writes the results of Go's own encoder and decoder for endpoints, with which the tests compare our codec:
//
//	go run . > ../../unit/naming/codec/go-corpus.json
//
// With the argument `decide` it reads values, one line of base64 each, and writes Go's result for each.
//
// The struct is the one that etcd's naming package marshals (client/v3/naming/endpoints/internal), and the calls are
// the same: json.Marshal to write, and json.Unmarshal to read, skipping a value that gives an error.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"
)

type update struct {
	Op       uint8
	Addr     string
	Metadata any
}

// An endpoint to encode. Each side decodes Input, which is JSON, into its own values. Override replaces Go's values
// for JavaScript strings that Go cannot represent.
type encodeCase struct {
	Name     string  `json:"name"`
	Input    string  `json:"input"`
	Stored   string  `json:"stored"`
	override *update `json:"-"`
}

// A stored value to decode: Text, or Hex if it is not UTF-8, or, to keep this file short, metadata of Nested lists.
// Result is what Go decoded, with its metadata as Go encodes it again; absent if Go rejects the value.
type decodeCase struct {
	Name   string   `json:"name"`
	Text   *string  `json:"text,omitempty"`
	Hex    string   `json:"hex,omitempty"`
	Nested int      `json:"nested,omitempty"`
	Result *decoded `json:"result,omitempty"`
	Error  string   `json:"error,omitempty"`
}

type decoded struct {
	Addr     string `json:"addr"`
	Metadata string `json:"metadata,omitempty"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "decide" {
		decideAll()
		return
	}
	corpus := struct {
		Go     string       `json:"go"`
		Encode []encodeCase `json:"encode"`
		Decode []decodeCase `json:"decode"`
	}{Go: runtime.Version(), Encode: encodeCases(), Decode: decodeCases()}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	check(out.Encode(corpus))
}

func encodeCases() []encodeCase {
	var cases []encodeCase
	add := func(name, metadata string) {
		cases = append(cases, encodeCase{Name: name, Input: `{"addr":"10.0.0.7:50051","metadata":` + metadata + `}`})
	}
	add("no metadata", `null`)
	add("booleans", `[true,false]`)
	add("empty containers", `{"list":[],"map":{},"text":""}`)
	add("nested lists and maps", `[[1,[2,[]]],{"a":{"b":{"c":[null]}}}]`)
	add("what HTML could be misled by", `"<script>&amp;</script>"`)
	add("the same in a name", `{"<&>":"<&>"}`)
	add("line and paragraph separators", `"a\u2028b\u2029c\u2027d\u202a"`)
	add("separators in a name", `{"\u2028":1,"\u2029":2}`)
	add("quotes, backslash, slash", `"\"\\\/'`+"`"+`"`)
	add("every character below U+0100", quoted(0, 0x100))
	add("characters around the separators", quoted(0x2000, 0x2070))
	add("beyond the basic plane", `"\ud83d\ude00 \ud800\udc00 \udbff\udfff \ufffd \ufeff \uffff"`)
	add("names that UTF-16 and UTF-8 sort differently", `{"\ud83d\ude00":1,"\uff5e":2,"\ue000":3,"\ud7ff":4,"a":5}`)
	add("names sorted by case, length and digits", `{"b":1,"a":2,"B":3,"A":4,"aa":5,"":6,"10":7,"9":8,"1":9,"_":10}`)
	add("maps sorted at every level", `{"z":{"b":1,"a":{"d":1,"c":2}},"y":[{"b":1,"a":2}]}`)
	add("names that JavaScript treats in a way of its own", `{"__proto__":1,"constructor":2,"toString":3,"length":4}`)
	add("string metadata holding JSON, as grpc-proxy stores it", `"{\"name\":\"host-1\"}"`)
	add("numbers where exponents begin", `[1e20,1e21,1e22,123456789012345680000,999999999999999900000,0.000001,1e-7,0.0000012,9.99e-7,-1e21,-1e-7]`)
	add("numbers at the edges", `[0,-0,0.1,0.2,0.30000000000000004,5e-324,2.2250738585072014e-308,1.7976931348623157e308,-1.7976931348623157e308]`)
	add("numbers around 2^53", `[9007199254740991,9007199254740992,9007199254740993,-9007199254740993,18446744073709551615]`)
	add("numbers with long exponents", `[1e100,1.5e-100,1e9,1e10,1e-9,1e-10,3.0e+8]`)
	add("numbers at random", randomNumbers(200))
	cases = append(cases,
		encodeCase{Name: "an IPv6 address", Input: `{"addr":"[2001:db8::1]:443","metadata":null}`},
		encodeCase{Name: "an address that needs escapes", Input: `{"addr":"unix:///tmp/<a>&\"b\"\n","metadata":null}`},
		encodeCase{
			Name:     "half a surrogate pair, as one byte that is not UTF-8",
			Input:    `{"addr":"a\ud800b","metadata":["\udc00","\ud83dx",{"k\udfff":"\ud83d\ud83d\ude00"}]}`,
			override: &update{Addr: "a\xffb", Metadata: []any{"\xff", "\xffx", map[string]any{"k\xff": "\xff\U0001F600"}}},
		},
	)
	for i := range cases {
		cases[i].Stored = encode(cases[i])
	}
	return cases
}

func encode(c encodeCase) string {
	value := c.override
	if value == nil {
		var in struct {
			Addr     string
			Metadata any
		}
		check(json.Unmarshal([]byte(c.Input), &in))
		value = &update{Addr: in.Addr, Metadata: in.Metadata}
	}
	stored, err := json.Marshal(value)
	check(err)
	return string(stored)
}

func decodeCases() []decodeCase {
	values := []struct{ name, value string }{
		{"as Go writes it", `{"Op":0,"Addr":"localhost:50055","Metadata":null}`},
		{"with metadata", `{"Op":0,"Addr":"a:1","Metadata":{"weight":2,"zone":"eu"}}`},
		{"as etcd's guide puts it", `{"Addr":"1.2.3.4","Metadata":"..."}`},
		{"in an order and with spaces of its own", " {\n\t\"Metadata\" : [ 1 , 2 ] ,\r \"Addr\" : \"a:1\" } "},
		{"trailing newline", `{"Addr":"a:1"}` + "\n"},
		{"trailing text", `{"Addr":"a:1"} x`},
		{"trailing second value", `{"Addr":"a:1"}{"Addr":"b:1"}`},
		{"trailing NUL", "{\"Addr\":\"a:1\"}\x00"},
		{"trailing comma", `{"Addr":"a:1",}`},
		{"no-break space around", "\u00a0{\"Addr\":\"a:1\"}"},
		{"byte order mark", "\ufeff{\"Addr\":\"a:1\"}"},
		{"lower-case names", `{"op":0,"addr":"a:1","metadata":"m"}`},
		{"upper-case names", `{"OP":0,"ADDR":"a:1","METADATA":"m"}`},
		{"names with foreign letters that fold", `{"ᴀddr":"x","Ａddr":"y","Addr":"a:1","Metadatа":"z"}`},
		{"names with spaces", `{" Addr":"x","Addr ":"y"}`},
		{"escaped names", `{"\u0041ddr":"a:1"}`},
		{"unknown names", `{"Addr":"a:1","Weight":3,"addrs":["b"],"Attributes":{"x":1}}`},
		{"names of JavaScript's own", `{"__proto__":{"Addr":"evil"},"constructor":1,"Addr":"a:1"}`},
		{"metadata with names of JavaScript's own", `{"Addr":"a:1","Metadata":{"__proto__":{"x":1},"constructor":2}}`},
		{"empty object", `{}`},
		{"null", `null`},
		{"null with spaces", " null\n"},
		{"null members", `{"Op":null,"Addr":null,"Metadata":null}`},
		{"empty value", ``},
		{"only spaces", " \n"},
		{"bare string", `"a:1"`},
		{"bare address", `1.2.3.4:80`},
		{"bare number", `1`},
		{"bare true", `true`},
		{"array", `[]`},
		{"array of an endpoint", `[{"Addr":"a:1"}]`},
		{"cut short", `{"Op":0,"Addr":"a:`},
		{"single quotes", `{'Addr':'a:1'}`},
		{"comment", `{"Addr":"a:1"/* here */}`},
		{"raw control character in a string", "{\"Addr\":\"a\n1\"}"},
		{"raw DEL and U+0080 in a string", "{\"Addr\":\"a\x7f\u0080\"}"},
		{"bad escape", `{"Addr":"\x41"}`},
		{"a bad escape that begins like half a surrogate pair", `{"Addr":"\ud8zz"}`},
		{"Op missing", `{"Addr":"a:1"}`},
		{"Op 1", `{"Op":1,"Addr":"a:1","Metadata":null}`},
		{"Op 255", `{"Op":255,"Addr":"a:1"}`},
		{"Op 256", `{"Op":256,"Addr":"a:1"}`},
		{"Op -1", `{"Op":-1,"Addr":"a:1"}`},
		{"Op a string", `{"Op":"0","Addr":"a:1"}`},
		{"Op true", `{"Op":true,"Addr":"a:1"}`},
		{"Op an object", `{"Op":{},"Addr":"a:1"}`},
		{"Op 0.5", `{"Op":0.5,"Addr":"a:1"}`},
		{"Op 1e400", `{"Op":1e400,"Addr":"a:1"}`},
		{"Op 1.0", `{"Op":1.0,"Addr":"a:1"}`},
		{"Op 1e0", `{"Op":1e0,"Addr":"a:1"}`},
		{"Op 1e2", `{"Op":1e2,"Addr":"a:1"}`},
		{"Op -0", `{"Op":-0,"Addr":"a:1"}`},
		{"Op 01", `{"Op":01,"Addr":"a:1"}`},
		{"Addr a number", `{"Addr":1}`},
		{"Addr an array", `{"Addr":["a:1"]}`},
		{"Addr false", `{"Addr":false}`},
		{"Addr empty", `{"Addr":""}`},
		{"Addr escaped", `{"Addr":"\u003ca\u003e\/\ud83d\ude00"}`},
		{"the same name twice", `{"Addr":"a:1","Addr":"b:1"}`},
		{"one name in two cases", `{"Addr":"a:1","addr":"b:1"}`},
		{"one name in two cases, the other way round", `{"addr":"b:1","Addr":"a:1"}`},
		{"null after a value", `{"Addr":"a:1","addr":null}`},
		{"null after metadata", `{"Addr":"a:1","Metadata":1,"metadata":null}`},
		{"metadata twice", `{"Addr":"a:1","Metadata":{"a":1},"metadata":{"b":2}}`},
		{"Op in two cases, one of them bad", `{"Op":0,"op":256,"Addr":"a:1"}`},
		{"a name three times in two cases", `{"Addr":"a:1","addr":"b:1","Addr":"c:1"}`},
		{"the same name twice, the first of a wrong type", `{"Addr":1,"Addr":"b:1"}`},
		{"null after a value of the same name", `{"Addr":"a:1","Addr":null}`},
		{"a number beyond all in metadata that is given again", `{"Addr":"a:1","Metadata":1e400,"Metadata":1}`},
		{"a number beyond all under a name that is given again", `{"Addr":"a:1","Metadata":{"x":1e400,"x":1}}`},
		{"the same name twice in metadata", `{"Addr":"a:1","Metadata":{"x":1,"X":2,"x":3}}`},
		{"metadata a string of JSON", `{"Op":0,"Addr":"127.0.0.1:23973","Metadata":"{\"name\":\"host-1\"}"}`},
		{"metadata false", `{"Addr":"a:1","Metadata":false}`},
		{"metadata 0", `{"Addr":"a:1","Metadata":0}`},
		{"metadata with a number beyond 2^53", `{"Addr":"a:1","Metadata":9007199254740993}`},
		{"metadata with the largest and smallest numbers", `{"Addr":"a:1","Metadata":[1.7976931348623157e308,5e-324,1e-400]}`},
		{"metadata with a number beyond all", `{"Addr":"a:1","Metadata":[1e400]}`},
		{"unknown member with a number beyond all", `{"Addr":"a:1","Other":1e400}`},
		{"lone surrogate escape in Addr", `{"Addr":"a\ud800b"}`},
		{"lone surrogate escape in metadata", `{"Addr":"a:1","Metadata":"\udc00\ud83d"}`},
		{"lone surrogate escape in a name of metadata", `{"Addr":"a:1","Metadata":{"\ud800":1}}`},
		{"halves of surrogate pairs as one name of metadata", `{"Addr":"a:1","Metadata":{"\ud800":1,"\udfff":2}}`},
		{"half a surrogate pair before a whole one", `{"Addr":"\ud83d\ud83d\ude00"}`},
		{"an escaped backslash before what looks like half a surrogate pair", `{"Addr":"\\ud800"}`},
		{"one byte that is not UTF-8", "{\"Addr\":\"a\xffb\"}"},
		{"a character cut short", "{\"Addr\":\"a\xe2\x82b\"}"},
		{"a surrogate in UTF-8", "{\"Addr\":\"a\xed\xa0\x80b\"}"},
		{"an overlong character", "{\"Addr\":\"a\xc0\xafb\"}"},
		{"a byte that is not UTF-8 outside a string", "{\"Addr\":\"a:1\"}\xff"},
		{"UTF-16", "{\x00\"\x00A\x00"},
	}
	cases := make([]decodeCase, 0, len(values))
	for _, v := range values {
		cases = append(cases, decode(v.name, v.value))
	}
	for _, nested := range []int{900, 9_999, 10_000} {
		lists := strings.Repeat("[", nested) + strings.Repeat("]", nested)
		c := decode(fmt.Sprintf("metadata of %d lists in each other", nested), `{"Addr":"a:1","Metadata":`+lists+`}`)
		c.Text, c.Nested = nil, nested
		if c.Result != nil {
			c.Result.Metadata = ""
		}
		cases = append(cases, c)
	}
	return cases
}

func decode(name, value string) decodeCase {
	c := decodeCase{Name: name}
	if utf8.ValidString(value) {
		c.Text = &value
	} else {
		c.Hex = hex.EncodeToString([]byte(value))
	}
	var read update
	if err := json.Unmarshal([]byte(value), &read); err != nil {
		c.Error = err.Error()
	} else {
		metadata, _ := json.Marshal(read.Metadata)
		c.Result = &decoded{read.Addr, string(metadata)}
	}
	return c
}

func quoted(from, to rune) string {
	var b strings.Builder
	for r := from; r < to; r++ {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return `"` + b.String() + `"`
}

func randomNumbers(n int) string {
	random := rand.New(rand.NewSource(1))
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("%d.%de%d", random.Intn(10), random.Int63(), random.Intn(60)-30)
	}
	return "[" + strings.Join(numbers, ",") + "]"
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
