// Command kafkago is segmentio's kafka-go, as test/conformance/client-suite.ts asks it. The argument is the broker's address.
package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
	"millrace.invalid/test/conformance/go/lines"
)

const large = 32 << 20

var (
	ctx     = context.Background()
	address = os.Args[1]
	members = lines.Members{}
	numbers *lines.Numbers
)

var codecs = map[string]kafka.Compression{"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd}

func main() {
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
		"groups":        groups,
		"describeGroup": describeGroup,
		"deleteGroup":   deleteGroup,
		"committed":     committed,
		"join":          join,
		"begin":         begin,
	}, members, &numbers)
}

// A client answers out of what it was told a moment ago: a new one.
func client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(address), Timeout: 20 * time.Second, Transport: &kafka.Transport{}}
}

// A writer to one partition.
func writer(args lines.Args) *kafka.Writer {
	return &kafka.Writer{
		Addr:         kafka.TCP(address),
		Topic:        args.Topic,
		Balancer:     kafka.BalancerFunc(func(kafka.Message, ...int) int { return int(args.Partition) }),
		BatchBytes:   large,
		BatchTimeout: 50 * time.Millisecond,
		RequiredAcks: kafka.RequireAll,
		Transport:    &kafka.Transport{},
	}
}

func produce(args lines.Args) (any, error) {
	producer := writer(args)
	producer.MaxAttempts = 2
	producer.Compression = codecs[args.Codec]
	if args.Acks != nil {
		producer.RequiredAcks = kafka.RequiredAcks(*args.Acks)
	}
	offsets := []int64{}
	producer.Completion = func(sent []kafka.Message, _ error) {
		for _, message := range sent {
			offsets = append(offsets, message.Offset)
		}
	}
	var messages []kafka.Message
	for _, each := range args.Records {
		message := kafka.Message{Key: lines.Data(each.Key), Value: lines.Data(each.Value), Time: time.UnixMilli(each.Timestamp)}
		for _, header := range each.Headers {
			message.Headers = append(message.Headers, kafka.Header{Key: *header[0], Value: lines.Data(header[1])})
		}
		messages = append(messages, message)
	}
	err := producer.WriteMessages(ctx, messages...)
	var each kafka.WriteErrors
	if errors.As(err, &each) {
		err = errors.Join(each...)
	}
	return offsets, errors.Join(err, producer.Close())
}

func reader(topic string, partition int, start int64) (*kafka.Reader, error) {
	consumer := kafka.NewReader(kafka.ReaderConfig{
		Brokers:        []string{address},
		Topic:          topic,
		Partition:      partition,
		MaxBytes:       large,
		MaxWait:        50 * time.Millisecond,
		ReadBackoffMax: 100 * time.Millisecond,
		MaxAttempts:    1000,
	})
	return consumer, consumer.SetOffset(start)
}

func read(args lines.Args) (any, error) {
	ends, err := endsOf(args, args.At)
	if err != nil {
		return nil, err
	}
	start := map[string]int64{"beginning": ends.Beginning, "end": ends.End, "offset": args.At, "time": ends.Found}[args.From]
	consumer, err := reader(args.Topic, int(args.Partition), start)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	records := []lines.Record{}
	for start+int64(len(records)) < ends.End {
		message, err := consumer.ReadMessage(ctx)
		if err != nil {
			return nil, err
		}
		records = append(records, told(message))
	}
	return records, nil
}

func told(message kafka.Message) lines.Record {
	headers := [][2]*string{}
	for _, header := range message.Headers {
		headers = append(headers, [2]*string{&header.Key, lines.Text(header.Value)})
	}
	return lines.Record{
		Offset:    message.Offset,
		Timestamp: message.Time.UnixMilli(),
		Key:       lines.Text(message.Key),
		Value:     lines.Text(message.Value),
		Headers:   headers,
	}
}

func endsOf(args lines.Args, at int64) (lines.Offsets, error) {
	partition := int(args.Partition)
	asked := []kafka.OffsetRequest{kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)}
	ends, endsErr := listOffsets(args.Topic, asked...)
	found, foundErr := listOffsets(args.Topic, kafka.TimeOffsetOf(partition, time.UnixMilli(at)))
	if err := errors.Join(endsErr, foundErr); err != nil {
		return lines.Offsets{}, err
	}
	told := lines.Offsets{Beginning: ends.FirstOffset, End: ends.LastOffset, Found: -1}
	for offset := range found.Offsets {
		told.Found = offset
	}
	return told, nil
}

func listOffsets(topic string, asked ...kafka.OffsetRequest) (kafka.PartitionOffsets, error) {
	listed, err := client().ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}})
	if err != nil {
		return kafka.PartitionOffsets{}, err
	}
	return listed.Topics[topic][0], listed.Topics[topic][0].Error
}

func nodes(lines.Args) (any, error) {
	metadata, err := client().Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	return len(metadata.Brokers), nil
}

func topics(lines.Args) (any, error) {
	metadata, err := client().Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, topic := range metadata.Topics {
		names = append(names, topic.Name)
	}
	return names, nil
}

func partitions(args lines.Args) (any, error) {
	metadata, err := client().Metadata(ctx, &kafka.MetadataRequest{Topics: []string{args.Topic}})
	if err != nil {
		return nil, err
	}
	return len(metadata.Topics[0].Partitions), metadata.Topics[0].Error
}

func createTopic(args lines.Args) (any, error) {
	wanted := kafka.TopicConfig{Topic: args.Topic, NumPartitions: int(args.Partitions), ReplicationFactor: 1}
	for name, value := range args.Configs {
		wanted.ConfigEntries = append(wanted.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: *value})
	}
	request := &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}, ValidateOnly: args.ValidateOnly}
	made, err := client().CreateTopics(ctx, request)
	if err != nil {
		return nil, err
	}
	return nil, made.Errors[args.Topic]
}

func growTopic(args lines.Args) (any, error) {
	wanted := kafka.TopicPartitionsConfig{Name: args.Topic, Count: args.Partitions}
	grown, err := client().CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{wanted}})
	if err != nil {
		return nil, err
	}
	return nil, grown.Errors[args.Topic]
}

func deleteTopic(args lines.Args) (any, error) {
	gone, err := client().DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{args.Topic}})
	if err != nil {
		return nil, err
	}
	return nil, gone.Errors[args.Topic]
}

func config(args lines.Args) (any, error) {
	resource := kafka.DescribeConfigRequestResource{
		ResourceType: kafka.ResourceTypeTopic,
		ResourceName: args.Topic,
		ConfigNames:  []string{args.Name},
	}
	request := &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{resource}}
	described, err := client().DescribeConfigs(ctx, request)
	if err != nil {
		return nil, err
	}
	if err := described.Resources[0].Error; err != nil {
		return nil, err
	}
	return described.Resources[0].ConfigEntries[0].ConfigValue, nil
}

func alterConfig(args lines.Args) (any, error) {
	set := kafka.IncrementalAlterConfigsRequestConfig{Name: args.Name, Value: args.Value, ConfigOperation: kafka.ConfigOperationSet}
	resource := kafka.IncrementalAlterConfigsRequestResource{
		ResourceType: kafka.ResourceTypeTopic,
		ResourceName: args.Topic,
		Configs:      []kafka.IncrementalAlterConfigsRequestConfig{set},
	}
	request := &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{resource}}
	altered, err := client().IncrementalAlterConfigs(ctx, request)
	if err != nil {
		return nil, err
	}
	return nil, altered.Resources[0].Error
}

func groups(lines.Args) (any, error) {
	listed, err := client().ListGroups(ctx, &kafka.ListGroupsRequest{})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, group := range listed.Groups {
		names = append(names, group.GroupID)
	}
	return names, listed.Error
}

func describeGroup(args lines.Args) (any, error) {
	described, err := client().DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{args.Group}})
	if err != nil {
		return nil, err
	}
	group := described.Groups[0]
	return lines.Group{State: group.GroupState, Members: len(group.Members)}, group.Error
}

func deleteGroup(args lines.Args) (any, error) {
	gone, err := client().DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{args.Group}})
	if err != nil {
		return nil, err
	}
	return nil, gone.Errors[args.Group]
}

func committed(args lines.Args) (any, error) {
	asked := map[string][]int{args.Topic: {int(args.Partition)}}
	told, err := client().OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: args.Group, Topics: asked})
	if err != nil {
		return nil, err
	}
	return told.Topics[args.Topic][0].CommittedOffset, told.Error
}

func join(args lines.Args) (any, error) {
	session := time.Duration(args.SessionMs) * time.Millisecond
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                args.Group,
		Brokers:           []string{address},
		Topics:            []string{args.Topic},
		SessionTimeout:    session,
		RebalanceTimeout:  session,
		HeartbeatInterval: session / 10,
		JoinGroupBackoff:  100 * time.Millisecond,
		StartOffset:       kafka.FirstOffset,
	})
	if err != nil {
		return nil, err
	}
	member := &lines.Member{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			generation, err := group.Next(ctx)
			if errors.Is(err, kafka.ErrGroupClosed) {
				return
			}
			// Whatever else it is, the next generation may do without.
			if err == nil {
				live(generation, member, args.Topic)
			}
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

// live reads the partitions of a generation, each until that is over.
func live(generation *kafka.Generation, member *lines.Member, topic string) {
	for _, each := range generation.Assignments[topic] {
		generation.Start(func(ctx context.Context) {
			partition := []int32{int32(each.ID)}
			member.Assign(partition)
			defer member.Revoke(partition)
			consumer, err := reader(topic, each.ID, each.Offset)
			if err != nil {
				return
			}
			defer consumer.Close()
			for {
				message, err := consumer.ReadMessage(ctx)
				if err != nil {
					return
				}
				// What a failed commit leaves out, the next one covers, or another member reads again.
				_ = generation.CommitOffsets(map[string]map[int]int64{topic: {each.ID: message.Offset + 1}})
				member.Read(string(message.Value))
			}
		})
	}
}

func begin(args lines.Args) (any, error) {
	producer := writer(args)
	producer.Async = true
	producer.BatchTimeout = 10 * time.Millisecond
	producer.MaxAttempts = 1000
	producer.Completion = func(sent []kafka.Message, failure error) {
		for _, message := range sent {
			number, _ := strconv.ParseInt(string(message.Value), 10, 64)
			numbers.Ack(number, message.Offset, failure)
		}
	}
	numbers = lines.Begin(func(number int64) {
		_ = producer.WriteMessages(ctx, kafka.Message{Value: []byte(strconv.FormatInt(number, 10))})
	}, func() {
		_ = producer.Close()
	})
	return nil, nil
}
