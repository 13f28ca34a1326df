// Command franz is franz-go, as test/conformance/client-suite.ts asks it. The argument is the broker's address.
package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"millrace.invalid/test/conformance/go/lines"
)

const large = 16 << 20

var (
	ctx     = context.Background()
	admin   = kadm.NewClient(client())
	members = lines.Members{}
	numbers *lines.Numbers
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var acks = map[int16]kgo.Acks{0: kgo.NoAck(), 1: kgo.LeaderAck(), -1: kgo.AllISRAcks()}

func main() {
	lines.AnswerAll(lines.Asks{
		"produce":       produce,
		"read":          read,
		"offsets":       offsets,
		"epoch":         epoch,
		"endOfEpoch":    endOfEpoch,
		"nodes":         nodes,
		"topics":        topics,
		"createTopic":   createTopic,
		"growTopic":     growTopic,
		"partitions":    partitions,
		"deleteTopic":   deleteTopic,
		"config":        config,
		"alterConfig":   alterConfig,
		"deleteRecords": deleteRecords,
		"groups":        groups,
		"describeGroup": describeGroup,
		"deleteGroup":   deleteGroup,
		"committed":     committed,
		"join":          join,
		"begin":         begin,
	}, members, &numbers)
}

func client(more ...kgo.Opt) *kgo.Client {
	options := []kgo.Opt{
		kgo.SeedBrokers(os.Args[1]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(large),
		kgo.FetchMaxWait(50 * time.Millisecond),
	}
	made, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		panic(err)
	}
	return made
}

func produce(args lines.Args) (any, error) {
	options := []kgo.Opt{
		kgo.ProducerLinger(50 * time.Millisecond),
		kgo.UnknownTopicRetries(0),
		kgo.ProducerBatchCompression(codecs[args.Codec]),
	}
	if args.Codec == "" {
		options[2] = kgo.ProducerBatchCompression(codecs["none"])
	}
	if args.Acks != nil {
		options = append(options, kgo.RequiredAcks(acks[*args.Acks]))
	}
	if !args.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	producer := client(options...)
	defer producer.Close()
	var sent []*kgo.Record
	for _, each := range args.Records {
		record := &kgo.Record{Topic: args.Topic, Partition: args.Partition, Timestamp: time.UnixMilli(each.Timestamp)}
		record.Key, record.Value = lines.Data(each.Key), lines.Data(each.Value)
		for _, header := range each.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: *header[0], Value: lines.Data(header[1])})
		}
		sent = append(sent, record)
	}
	told := producer.ProduceSync(ctx, sent...)
	offsets := []int64{}
	for _, record := range sent {
		offsets = append(offsets, record.Offset)
	}
	return offsets, told.FirstErr()
}

func read(args lines.Args) (any, error) {
	at := args
	at.Time = args.At
	ends, err := endsOf(at)
	if err != nil {
		return nil, err
	}
	start := map[string]int64{"beginning": ends.Beginning, "end": ends.End, "offset": args.At, "time": ends.Found}[args.From]
	place := map[int32]kgo.Offset{args.Partition: kgo.NewOffset().At(start)}
	consumer := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{args.Topic: place}))
	defer consumer.Close()
	records := []lines.Record{}
	for start+int64(len(records)) < ends.End {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(record *kgo.Record) { records = append(records, told(record)) })
	}
	return records, nil
}

func told(record *kgo.Record) lines.Record {
	headers := [][2]*string{}
	for _, header := range record.Headers {
		headers = append(headers, [2]*string{&header.Key, lines.Text(header.Value)})
	}
	return lines.Record{
		Offset:    record.Offset,
		Timestamp: record.Timestamp.UnixMilli(),
		Key:       lines.Text(record.Key),
		Value:     lines.Text(record.Value),
		Headers:   headers,
	}
}

func offsets(args lines.Args) (any, error) {
	return endsOf(args)
}

func endsOf(args lines.Args) (lines.Offsets, error) {
	starts, startErr := admin.ListStartOffsets(ctx, args.Topic)
	ends, endErr := admin.ListEndOffsets(ctx, args.Topic)
	times, timeErr := admin.ListOffsetsAfterMilli(ctx, args.Time, args.Topic)
	first, _ := starts.Lookup(args.Topic, args.Partition)
	end, _ := ends.Lookup(args.Topic, args.Partition)
	found, _ := times.Lookup(args.Topic, args.Partition)
	if found.Timestamp == -1 {
		found.Offset = -1
	}
	err := errors.Join(startErr, endErr, timeErr, starts.Error(), ends.Error(), times.Error())
	return lines.Offsets{Beginning: first.Offset, End: end.Offset, Found: found.Offset}, err
}

// epoch of the leader of the first partition.
func epoch(args lines.Args) (any, error) {
	listed, err := topicsNow(args.Topic)
	return listed[args.Topic].Partitions[0].LeaderEpoch, err
}

// endOfEpoch is where an epoch of leadership ended; Time is the epoch.
func endOfEpoch(args lines.Args) (any, error) {
	var asked kadm.OffsetForLeaderEpochRequest
	asked.Add(args.Topic, args.Partition, int32(args.Time))
	told, err := admin.OffsetForLeaderEpoch(ctx, asked)
	if err != nil {
		return nil, err
	}
	end := told[args.Topic][args.Partition]
	return []int64{int64(end.LeaderEpoch), end.EndOffset}, end.Err
}

func nodes(lines.Args) (any, error) {
	brokers, err := admin.ListBrokers(ctx)
	return len(brokers), err
}

// A client answers out of what it was told a moment ago: a new one.
func topicsNow(names ...string) (kadm.TopicDetails, error) {
	fresh := kadm.NewClient(client())
	defer fresh.Close()
	return fresh.ListTopics(ctx, names...)
}

func topics(lines.Args) (any, error) {
	listed, err := topicsNow()
	return listed.Names(), err
}

func createTopic(args lines.Args) (any, error) {
	create := admin.CreateTopics
	if args.ValidateOnly {
		create = admin.ValidateCreateTopics
	}
	made, err := create(ctx, args.Partitions, 1, args.Configs, args.Topic)
	// What it says beside the code is in a field of its own.
	refusal := errors.New(made[args.Topic].ErrMessage)
	if made[args.Topic].Err == nil {
		refusal = nil
	}
	return nil, errors.Join(err, made[args.Topic].Err, refusal)
}

func growTopic(args lines.Args) (any, error) {
	grown, err := admin.UpdatePartitions(ctx, int(args.Partitions), args.Topic)
	return nil, errors.Join(err, grown.Error())
}

func partitions(args lines.Args) (any, error) {
	listed, err := topicsNow(args.Topic)
	return len(listed[args.Topic].Partitions), err
}

func deleteTopic(args lines.Args) (any, error) {
	gone, err := admin.DeleteTopic(ctx, args.Topic)
	return nil, errors.Join(err, gone.Err)
}

func config(args lines.Args) (any, error) {
	described, err := admin.DescribeTopicConfigs(ctx, args.Topic)
	if err != nil {
		return nil, err
	}
	resource, err := described.On(args.Topic, nil)
	for _, each := range resource.Configs {
		if each.Key == args.Name {
			return each.MaybeValue(), err
		}
	}
	return nil, errors.Join(err, resource.Err)
}

func alterConfig(args lines.Args) (any, error) {
	set := kadm.AlterConfig{Op: kadm.SetConfig, Name: args.Name, Value: &args.Value}
	altered, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{set}, args.Topic)
	if err != nil {
		return nil, err
	}
	_, err = altered.On(args.Topic, func(told *kadm.AlterConfigsResponse) error { return told.Err })
	return nil, err
}

func deleteRecords(args lines.Args) (any, error) {
	var before kadm.Offsets
	before.AddOffset(args.Topic, args.Partition, args.Before, -1)
	deleted, err := admin.DeleteRecords(ctx, before)
	return nil, errors.Join(err, deleted.Error())
}

func groups(lines.Args) (any, error) {
	listed, err := admin.ListGroups(ctx)
	return listed.Groups(), err
}

func describeGroup(args lines.Args) (any, error) {
	described, err := admin.DescribeGroups(ctx, args.Group)
	group := described[args.Group]
	return lines.Group{State: group.State, Members: len(group.Members)}, errors.Join(err, group.Err)
}

func deleteGroup(args lines.Args) (any, error) {
	gone, err := admin.DeleteGroup(ctx, args.Group)
	return nil, errors.Join(err, gone.Err)
}

func committed(args lines.Args) (any, error) {
	told, err := admin.FetchOffsets(ctx, args.Group)
	offset, _ := told.Lookup(args.Topic, args.Partition)
	return offset.At, errors.Join(err, offset.Err)
}

func join(args lines.Args) (any, error) {
	member := &lines.Member{}
	session := time.Duration(args.SessionMs) * time.Millisecond
	revoked := func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { member.Revoke(gone[args.Topic]) }
	consumer := client(
		kgo.ConsumerGroup(args.Group),
		kgo.ConsumeTopics(args.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(session),
		kgo.HeartbeatInterval(session/10),
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, more map[string][]int32) { member.Assign(more[args.Topic]) }),
		kgo.OnPartitionsRevoked(revoked),
		kgo.OnPartitionsLost(revoked),
	)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			fetches := consumer.PollFetches(ctx)
			if fetches.IsClientClosed() {
				return
			}
			commit(consumer, member, fetches.Records())
		}
	}()
	member.Leave = func() error {
		consumer.Close()
		<-ended
		return nil
	}
	members[args.Member] = member
	return nil, nil
}

// What a failed commit leaves out, the next one covers, or another member reads again.
func commit(consumer *kgo.Client, member *lines.Member, records []*kgo.Record) {
	_ = consumer.CommitRecords(ctx, records...)
	for _, record := range records {
		member.Read(string(record.Value))
	}
}

func begin(args lines.Args) (any, error) {
	producer := client()
	numbers = lines.Begin(func(number int64) {
		record := &kgo.Record{Topic: args.Topic, Value: []byte(strconv.FormatInt(number, 10))}
		producer.Produce(ctx, record, func(record *kgo.Record, err error) { numbers.Ack(number, record.Offset, err) })
	}, func() {
		producer.Flush(ctx)
		producer.Close()
	})
	return nil, nil
}
