// Package lines is how test/conformance/driver.ts speaks to a program: a line of JSON comes, a name and what it needs, and a line goes.
package lines

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Record is what client-suite.ts sends and wants to see again.
type Record struct {
	Offset    int64        `json:"offset"`
	Timestamp int64        `json:"timestamp"`
	Key       *string      `json:"key"`
	Value     *string      `json:"value"`
	Headers   [][2]*string `json:"headers"`
}

// Args are what any ask may need.
type Args struct {
	Topic        string
	Partition    int32
	Partitions   int32
	Records      []Record
	Codec        string
	Acks         *int16
	Idempotent   bool
	From         string
	At           int64
	Time         int64
	Configs      map[string]*string
	ValidateOnly bool
	Name         string
	Value        string
	Before       int64
	Group        string
	Member       string
	SessionMs    int
}

// Offsets of a partition, and of the first record at or behind a time.
type Offsets struct {
	Beginning int64 `json:"beginning"`
	End       int64 `json:"end"`
	Found     int64 `json:"found"`
}

// Group as it is described.
type Group struct {
	State   string `json:"state"`
	Members int    `json:"members"`
}

type Asks map[string]func(Args) (any, error)

// AnswerAll ends with the lines. Members and numbers are asked the same of every client, once it has made them.
func AnswerAll(asks Asks, members Members, numbers **Numbers) {
	asks["member"] = members.Told
	asks["leave"] = members.Leave
	asks["acked"] = func(args Args) (any, error) { return (*numbers).Acked(args) }
	asks["end"] = func(args Args) (any, error) { return (*numbers).End(args) }
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		told, err := json.Marshal(answer(asks, line))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(told))
	}
}

func answer(asks Asks, line []byte) map[string]any {
	var name string
	var args Args
	if err := json.Unmarshal(line, &[]any{&name, &args}); err != nil {
		return map[string]any{"error": err.Error()}
	}
	ask, ok := asks[name]
	if !ok {
		return map[string]any{"error": "no ask " + name}
	}
	value, err := ask(args)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"answer": value}
}

// Text of bytes that may be absent.
func Text(data []byte) *string {
	if data == nil {
		return nil
	}
	text := string(data)
	return &text
}

// Data of a text that may be absent.
func Data(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

// Member of a group, as it tells of itself.
type Member struct {
	mutex    sync.Mutex
	assigned map[int32]bool
	values   []string
	// Leave returns when it has left.
	Leave func() error
}

// Members by name.
type Members map[string]*Member

// Told is what is asked of a member again and again.
func (members Members) Told(args Args) (any, error) {
	member := members[args.Member]
	member.mutex.Lock()
	defer member.mutex.Unlock()
	assigned := []int32{}
	for partition := range member.assigned {
		assigned = append(assigned, partition)
	}
	return map[string]any{"assigned": assigned, "values": append([]string{}, member.values...)}, nil
}

func (members Members) Leave(args Args) (any, error) {
	return nil, members[args.Member].Leave()
}

// Assign adds partitions.
func (member *Member) Assign(partitions []int32) {
	member.mutex.Lock()
	defer member.mutex.Unlock()
	if member.assigned == nil {
		member.assigned = map[int32]bool{}
	}
	for _, partition := range partitions {
		member.assigned[partition] = true
	}
}

// Revoke takes partitions away.
func (member *Member) Revoke(partitions []int32) {
	member.mutex.Lock()
	defer member.mutex.Unlock()
	for _, partition := range partitions {
		delete(member.assigned, partition)
	}
}

// Read adds values that were read and committed.
func (member *Member) Read(values ...string) {
	member.mutex.Lock()
	defer member.mutex.Unlock()
	member.values = append(member.values, values...)
}

// Numbers go to one partition, one in two milliseconds at most, until they are told to end.
type Numbers struct {
	mutex   sync.Mutex
	acks    [][2]int64
	failure error
	ending  chan struct{}
	ended   chan struct{}
}

// Begin sends each number by `send`, which need not wait, and at last calls `flush`, which does.
func Begin(send func(number int64), flush func()) *Numbers {
	numbers := &Numbers{ending: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(numbers.ended)
		defer flush()
		for number := int64(0); ; number++ {
			select {
			case <-numbers.ending:
				return
			case <-time.After(2 * time.Millisecond):
				send(number)
			}
		}
	}()
	return numbers
}

// Ack may come from anywhere.
func (numbers *Numbers) Ack(number, offset int64, failure error) {
	numbers.mutex.Lock()
	defer numbers.mutex.Unlock()
	if failure != nil {
		numbers.failure = failure
		return
	}
	numbers.acks = append(numbers.acks, [2]int64{number, offset})
}

func (numbers *Numbers) Acked(Args) (any, error) {
	numbers.mutex.Lock()
	defer numbers.mutex.Unlock()
	return len(numbers.acks), numbers.failure
}

func (numbers *Numbers) End(Args) (any, error) {
	close(numbers.ending)
	<-numbers.ended
	return numbers.acks, numbers.failure
}
