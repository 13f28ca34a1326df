// Command sarama is IBM's sarama, as test/conformance/client-suite.ts asks it. The argument is the broker's address.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/IBM/sarama"
	"millrace.invalid/test/conformance/go/lines"
)

const large = 16 << 20

var (
	members = lines.Members{}
	numbers *lines.Numbers
	admin   sarama.ClusterAdmin
	client  sarama.Client
)

var codecs = map[string]sarama.CompressionCodec{
	"":       sarama.CompressionNone,
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

func main() {
	sarama.Logger = log.New(io.Discard, "", 0)
	var err error
	if client, err = sarama.NewClient(os.Args[1:2], settings()); err != nil {
		panic(err)
	}
	if admin, err = sarama.NewClusterAdmin(os.Args[1:2], settings()); err != nil {
		panic(err)
	}
	lines.AnswerAll(lines.Asks{
		"produce":       produce,
		"read":          read,
		"offsets":       func(args lines.Args) (any, error) { return endsOf(args, args.Time) },
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

func settings() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Metadata.Retry.Max = 100
	config.Metadata.Retry.Backoff = 100 * time.Millisecond
	config.Producer.MaxMessageBytes = large
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Consumer.MaxWaitTime = 50 * time.Millisecond
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	return config
}

// Its producers of this kind may have one request under way, and repeat it.
func idempotent(config *sarama.Config) {
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	config.Producer.Retry.Max = 200
	config.Producer.Retry.Backoff = 100 * time.Millisecond
}

func produce(args lines.Args) (any, error) {
	config := settings()
	config.Metadata.Retry.Max = 1
	config.Producer.Compression = codecs[args.Codec]
	config.Producer.Flush.Frequency = 50 * time.Millisecond
	if args.Acks != nil {
		config.Producer.RequiredAcks = sarama.RequiredAcks(*args.Acks)
	}
	if args.Idempotent {
		idempotent(config)
	}
	producer, err := sarama.NewSyncProducer(os.Args[1:2], config)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	var sent []*sarama.ProducerMessage
	for _, each := range args.Records {
		message := &sarama.ProducerMessage{Topic: args.Topic, Partition: args.Partition, Timestamp: time.UnixMilli(each.Timestamp)}
		message.Key, message.Value = encoder(each.Key), encoder(each.Value)
		for _, header := range each.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: lines.Data(header[0]), Value: lines.Data(header[1])})
		}
		sent = append(sent, message)
	}
	if err := producer.SendMessages(sent); err != nil {
		var each sarama.ProducerErrors
		if errors.As(err, &each) {
			return nil, each[0].Err
		}
		return nil, err
	}
	offsets := []int64{}
	for _, message := range sent {
		offsets = append(offsets, message.Offset)
	}
	return offsets, nil
}

func encoder(text *string) sarama.Encoder {
	if text == nil {
		return nil
	}
	return sarama.StringEncoder(*text)
}

func read(args lines.Args) (any, error) {
	ends, err := endsOf(args, args.At)
	if err != nil {
		return nil, err
	}
	consumer, err := sarama.NewConsumer(os.Args[1:2], settings())
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	start := map[string]int64{"beginning": ends.Beginning, "end": ends.End, "offset": args.At, "time": ends.Found}[args.From]
	partition, err := consumer.ConsumePartition(args.Topic, args.Partition, start)
	if err != nil {
		return nil, err
	}
	defer partition.Close()
	records := []lines.Record{}
	for start+int64(len(records)) < ends.End {
		records = append(records, told(<-partition.Messages()))
	}
	return records, nil
}

func told(message *sarama.ConsumerMessage) lines.Record {
	headers := [][2]*string{}
	for _, header := range message.Headers {
		headers = append(headers, [2]*string{lines.Text(header.Key), lines.Text(header.Value)})
	}
	return lines.Record{
		Offset:    message.Offset,
		Timestamp: message.Timestamp.UnixMilli(),
		Key:       lines.Text(message.Key),
		Value:     lines.Text(message.Value),
		Headers:   headers,
	}
}

func endsOf(args lines.Args, time int64) (lines.Offsets, error) {
	first, firstErr := client.GetOffset(args.Topic, args.Partition, sarama.OffsetOldest)
	end, endErr := client.GetOffset(args.Topic, args.Partition, sarama.OffsetNewest)
	found, foundErr := client.GetOffset(args.Topic, args.Partition, time)
	return lines.Offsets{Beginning: first, End: end, Found: found}, errors.Join(firstErr, endErr, foundErr)
}

func nodes(lines.Args) (any, error) {
	brokers, _, err := admin.DescribeCluster()
	return len(brokers), err
}

func topics(lines.Args) (any, error) {
	listed, err := admin.ListTopics()
	names := []string{}
	for name := range listed {
		names = append(names, name)
	}
	return names, err
}

func createTopic(args lines.Args) (any, error) {
	detail := sarama.TopicDetail{NumPartitions: args.Partitions, ReplicationFactor: 1, ConfigEntries: args.Configs}
	return nil, admin.CreateTopic(args.Topic, &detail, args.ValidateOnly)
}

func growTopic(args lines.Args) (any, error) {
	return nil, admin.CreatePartitions(args.Topic, args.Partitions, nil, false)
}

func partitions(args lines.Args) (any, error) {
	described, err := admin.DescribeTopics([]string{args.Topic})
	if err != nil {
		return nil, err
	}
	return len(described[0].Partitions), nil
}

func deleteTopic(args lines.Args) (any, error) {
	return nil, admin.DeleteTopic(args.Topic)
}

func config(args lines.Args) (any, error) {
	resource := sarama.ConfigResource{Type: sarama.TopicResource, Name: args.Topic, ConfigNames: []string{args.Name}}
	entries, err := admin.DescribeConfig(resource)
	if err != nil {
		return nil, err
	}
	return entries[0].Value, nil
}

func alterConfig(args lines.Args) (any, error) {
	set := sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &args.Value}
	entries := map[string]sarama.IncrementalAlterConfigsEntry{args.Name: set}
	return nil, admin.IncrementalAlterConfig(sarama.TopicResource, args.Topic, entries, false)
}

func deleteRecords(args lines.Args) (any, error) {
	return nil, admin.DeleteRecords(args.Topic, map[int32]int64{args.Partition: args.Before})
}

func groups(lines.Args) (any, error) {
	listed, err := admin.ListConsumerGroups()
	names := []string{}
	for name := range listed {
		names = append(names, name)
	}
	return names, err
}

func describeGroup(args lines.Args) (any, error) {
	described, err := admin.DescribeConsumerGroups([]string{args.Group})
	if err != nil {
		return nil, err
	}
	return lines.Group{State: described[0].State, Members: len(described[0].Members)}, nil
}

func deleteGroup(args lines.Args) (any, error) {
	return nil, admin.DeleteConsumerGroup(args.Group)
}

func committed(args lines.Args) (any, error) {
	told, err := admin.ListConsumerGroupOffsets(args.Group, map[string][]int32{args.Topic: {args.Partition}})
	if err != nil {
		return nil, err
	}
	block := told.GetBlock(args.Topic, args.Partition)
	if block == nil {
		return nil, fmt.Errorf("nothing is told of %s", args.Topic)
	}
	return block.Offset, nil
}

// Claims is what a member does with the partitions of a generation.
type claims struct {
	member *lines.Member
	topic  string
}

func (claims claims) Setup(session sarama.ConsumerGroupSession) error {
	claims.member.Assign(session.Claims()[claims.topic])
	return nil
}

func (claims claims) Cleanup(session sarama.ConsumerGroupSession) error {
	claims.member.Revoke(session.Claims()[claims.topic])
	return nil
}

func (claims claims) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	var values []string
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			session.MarkMessage(message, "")
			values = append(values, string(message.Value))
			if len(claim.Messages()) > 0 {
				continue
			}
			session.Commit()
			claims.member.Read(values...)
			values = nil
		case <-session.Context().Done():
			return nil
		}
	}
}

func join(args lines.Args) (any, error) {
	config := settings()
	config.Consumer.Group.Session.Timeout = time.Duration(args.SessionMs) * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = config.Consumer.Group.Session.Timeout / 10
	config.Consumer.Offsets.AutoCommit.Enable = false
	group, err := sarama.NewConsumerGroup(os.Args[1:2], args.Group, config)
	if err != nil {
		return nil, err
	}
	member := &lines.Member{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !errors.Is(group.Consume(context.Background(), []string{args.Topic}, claims{member, args.Topic}), sarama.ErrClosedConsumerGroup) {
			// Each return is the end of a generation, or of the connection.
			time.Sleep(10 * time.Millisecond)
		}
	}()
	member.Leave = func() error {
		err := group.Close()
		<-ended
		return err
	}
	members[args.Member] = member
	return nil, nil
}

func begin(args lines.Args) (any, error) {
	config := settings()
	idempotent(config)
	producer, err := sarama.NewAsyncProducer(os.Args[1:2], config)
	if err != nil {
		return nil, err
	}
	told := make(chan struct{})
	numbers = lines.Begin(func(number int64) {
		value := sarama.StringEncoder(strconv.FormatInt(number, 10))
		producer.Input() <- &sarama.ProducerMessage{Topic: args.Topic, Value: value, Metadata: number}
	}, func() {
		producer.AsyncClose()
		<-told
	})
	go func() {
		for message := range producer.Successes() {
			numbers.Ack(message.Metadata.(int64), message.Offset, nil)
		}
		close(told)
	}()
	go func() {
		for failed := range producer.Errors() {
			numbers.Ack(0, 0, failed.Err)
		}
	}()
	return nil, nil
}
