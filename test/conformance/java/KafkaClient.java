import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own clients, as test/conformance/client-suite.ts asks them. The argument is the broker's address. */
public final class KafkaClient {
  private static final Duration wait = Duration.ofMillis(200);
  private static final int large = 16 << 20;
  private static final Map<String, Member> members = new HashMap<>();
  private static String address;
  private static Admin admin;
  private static Numbers numbers;

  public static void main(String[] args) throws Exception {
    address = args[0];
    admin = Admin.create(settings(Map.of()));
    Lines.answerAll(KafkaClient::answer);
    System.exit(0);
  }

  private static JsonNode answer(String name, JsonNode args) throws Exception {
    String topic = args.path("topic").asText();
    String group = args.path("group").asText();
    String member = args.path("member").asText();
    TopicPartition partition = new TopicPartition(topic, args.path("partition").asInt());
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    switch (name) {
      case "produce": return produce(partition, args);
      case "read": return read(partition, args.get("from").asText(), args.get("at").asLong());
      case "drain": return drain(topic, args.get("count").asInt(), args.get("fetchSizeMax").asInt());
      case "offsets": return offsets(partition, args.get("time").asLong());
      case "newest": return json(newest(partition));
      case "topics": return json(admin.listTopics().names().get());
      case "createTopic": return createTopic(topic, args);
      case "growTopic": return none(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(args.get("partitions").asInt()))).all());
      case "partitions": return json(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size());
      case "deleteTopic": return none(admin.deleteTopics(List.of(topic)).all());
      case "config": return json(admin.describeConfigs(List.of(resource)).all().get().get(resource).get(args.get("name").asText()).value());
      case "alterConfig": return alterConfig(resource, args);
      case "deleteRecords":
        return none(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(args.get("before").asLong()))).all());
      case "nodes": return json(admin.describeCluster().nodes().get().size());
      case "logDirs": return json(admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).size());
      case "groups": return json(admin.listGroups().all().get().stream().map(each -> each.groupId()).toList());
      case "describeGroup": return describeGroup(group);
      case "deleteGroup": return none(admin.deleteConsumerGroups(List.of(group)).all());
      case "committed":
        return json(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition).offset());
      case "deleteOffsets": return none(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all());
      case "producers": return json(admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers().size());
      case "configResources": return json(admin.listConfigResources().all().get().stream().map(each -> each.name()).toList());
      case "authenticate": return authenticate();
      case "join":
        members.put(member, Member.join(group, topic, args));
        return json(null);
      case "member": return members.get(member).told();
      case "leave": return members.get(member).leave();
      case "begin":
        numbers = new Numbers(topic);
        return json(null);
      case "acked": return json(numbers.acked());
      case "end": return numbers.end();
      default: throw new IllegalArgumentException(name);
    }
  }

  private static JsonNode json(Object value) {
    return Lines.json.valueToTree(value);
  }

  private static JsonNode none(Future<?> done) throws Exception {
    done.get();
    return json(null);
  }

  private static Map<String, Object> settings(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", address, "reconnect.backoff.max.ms", 200));
    settings.putAll(more);
    return settings;
  }

  private static KafkaProducer<String, String> producer(Map<String, Object> more) {
    return new KafkaProducer<>(settings(more), new StringSerializer(), new StringSerializer());
  }

  private static KafkaConsumer<String, String> consumer(Map<String, Object> more) {
    Map<String, Object> settings = settings(more);
    settings.put("fetch.max.wait.ms", 50);
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  private static JsonNode produce(TopicPartition partition, JsonNode args) throws Exception {
    Map<String, Object> settings = new HashMap<>(Map.of("linger.ms", 1000, "max.request.size", large, "max.block.ms", 3000));
    settings.put("compression.type", args.path("codec").asText("none"));
    settings.put("acks", args.path("acks").asText("-1"));
    settings.put("enable.idempotence", args.path("idempotent").asBoolean());
    List<Long> offsets = new ArrayList<>();
    try (KafkaProducer<String, String> producer = producer(settings)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (JsonNode each : args.get("records")) sent.add(producer.send(record(partition, each)));
      producer.flush();
      for (Future<RecordMetadata> each : sent) offsets.add(each.get().offset());
    }
    return json(offsets);
  }

  private static ProducerRecord<String, String> record(TopicPartition to, JsonNode told) {
    String key = told.get("key").textValue();
    var record = new ProducerRecord<>(to.topic(), to.partition(), told.get("timestamp").asLong(), key, told.get("value").textValue());
    for (JsonNode header : told.get("headers")) {
      String value = header.get(1).textValue();
      record.headers().add(header.get(0).textValue(), value == null ? null : value.getBytes(StandardCharsets.UTF_8));
    }
    return record;
  }

  private static JsonNode read(TopicPartition partition, String from, long at) {
    ArrayNode records = Lines.json.createArrayNode();
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      consumer.assign(List.of(partition));
      switch (from) {
        case "beginning" -> consumer.seekToBeginning(List.of(partition));
        case "end" -> consumer.seekToEnd(List.of(partition));
        // Who says under which leader it read so far asks first where that one's records end.
        case "epoch" -> consumer.seek(partition, new OffsetAndMetadata(at, Optional.of(1), ""));
        case "time" -> consumer.seek(partition, consumer.offsetsForTimes(Map.of(partition, at)).get(partition).offset());
        default -> consumer.seek(partition, at);
      }
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(wait)) records.add(told(record));
      }
    }
    return records;
  }

  /** So many values of all partitions, from their beginnings, without a group. */
  private static JsonNode drain(String topic, int count, int fetchSizeMax) {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("fetch.max.bytes", fetchSizeMax))) {
      List<TopicPartition> all = consumer.partitionsFor(topic).stream().map(each -> new TopicPartition(topic, each.partition())).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      while (values.size() < count) {
        for (ConsumerRecord<String, String> record : consumer.poll(wait)) values.add(record.value());
      }
    }
    return json(values);
  }

  /** By a password, where there is no security: what it is told. */
  private static JsonNode authenticate() throws Exception {
    String login = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"name\" password=\"word\";";
    Map<String, Object> security = Map.of("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN", "sasl.jaas.config", login);
    try (Admin secured = Admin.create(settings(security))) {
      secured.describeCluster().nodes().get();
      return json(null);
    } catch (ExecutionException refused) {
      if (refused.getCause() instanceof AuthenticationException) return json(refused.getCause().getMessage());
      throw refused;
    }
  }

  private static ObjectNode told(ConsumerRecord<String, String> record) {
    ObjectNode row = Lines.json.createObjectNode().put("offset", record.offset()).put("timestamp", record.timestamp());
    row.put("key", record.key()).put("value", record.value());
    ArrayNode headers = row.putArray("headers");
    for (Header header : record.headers()) headers.addArray().add(header.key()).add(text(header.value()));
    return row;
  }

  private static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  private static JsonNode offsets(TopicPartition partition, long time) {
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      List<TopicPartition> one = List.of(partition);
      OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, time)).get(partition);
      long beginning = consumer.beginningOffsets(one).get(partition);
      return json(Map.of("beginning", beginning, "end", consumer.endOffsets(one).get(partition), "found", found == null ? -1 : found.offset()));
    }
  }

  private static long newest(TopicPartition partition) throws Exception {
    return admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).partitionResult(partition).get().offset();
  }

  private static JsonNode createTopic(String topic, JsonNode args) throws Exception {
    Map<String, String> configs = new HashMap<>();
    args.path("configs").fields().forEachRemaining(each -> configs.put(each.getKey(), each.getValue().asText()));
    NewTopic wanted = new NewTopic(topic, args.get("partitions").asInt(), (short) 1).configs(configs);
    CreateTopicsOptions options = new CreateTopicsOptions().validateOnly(args.path("validateOnly").asBoolean());
    return none(admin.createTopics(List.of(wanted), options).all());
  }

  private static JsonNode alterConfig(ConfigResource resource, JsonNode args) throws Exception {
    ConfigEntry entry = new ConfigEntry(args.get("name").asText(), args.get("value").asText());
    AlterConfigOp set = new AlterConfigOp(entry, AlterConfigOp.OpType.SET);
    return none(admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all());
  }

  private static JsonNode describeGroup(String group) throws Exception {
    var described = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
    return json(Map.of("state", described.groupState().toString(), "members", described.members().size()));
  }

  /** Of a group: reads and commits on a thread of its own until it leaves. */
  private static final class Member implements Runnable, ConsumerRebalanceListener {
    private final KafkaConsumer<String, String> consumer;
    private final List<String> values = new ArrayList<>();
    private final Thread thread = new Thread(this);
    private Set<TopicPartition> assigned = Set.of();
    private boolean isLeaving;
    private int revocations;
    private volatile RuntimeException failure;

    private Member(KafkaConsumer<String, String> consumer) {
      this.consumer = consumer;
    }

    static Member join(String group, String topic, JsonNode args) {
      Map<String, Object> settings = new HashMap<>(Map.of("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", false));
      if (args.has("instance")) settings.put("group.instance.id", args.get("instance").asText());
      if (args.has("protocol")) {
        settings.put("group.protocol", args.get("protocol").asText());
      } else {
        settings.put("session.timeout.ms", args.get("sessionMs").asInt());
        settings.put("heartbeat.interval.ms", args.get("sessionMs").asInt() / 10);
      }
      KafkaConsumer<String, String> consumer = consumer(settings);
      Member member = new Member(consumer);
      consumer.subscribe(List.of(topic), member);
      member.thread.setDaemon(true);
      member.thread.start();
      return member;
    }

    @Override
    public void run() {
      try (consumer) {
        while (!hasRead(new ArrayList<>())) {}
      } catch (RuntimeException error) {
        failure = error;
      }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> more) {}

    @Override
    public synchronized void onPartitionsRevoked(Collection<TopicPartition> gone) {
      revocations++;
    }

    /** Whether it was the last time. */
    private boolean hasRead(List<String> polled) {
      for (ConsumerRecord<String, String> record : consumer.poll(wait)) polled.add(record.value());
      try {
        consumer.commitSync();
      } catch (org.apache.kafka.common.KafkaException failure) {
        // The group moves, or its coordinator is away: they are read again.
        polled.clear();
      }
      synchronized (this) {
        assigned = consumer.assignment();
        values.addAll(polled);
        return isLeaving;
      }
    }

    synchronized JsonNode told() {
      if (failure != null) throw failure;
      List<Integer> partitions = assigned.stream().map(TopicPartition::partition).toList();
      return json(Map.of("assigned", partitions, "values", values, "revocations", revocations));
    }

    JsonNode leave() throws InterruptedException {
      synchronized (this) {
        isLeaving = true;
      }
      thread.join();
      return json(null);
    }
  }

  /** Numbers to one partition, one in two milliseconds at most, until it is told to end. */
  private static final class Numbers implements Runnable {
    private final List<long[]> acks = new ArrayList<>();
    private final Thread thread = new Thread(this);
    private final String topic;
    private Exception failure;
    private volatile boolean isEnding;

    Numbers(String topic) {
      this.topic = topic;
      thread.start();
    }

    @Override
    public void run() {
      try (KafkaProducer<String, String> producer = producer(Map.of())) {
        for (long number = 0; !isEnding; number++) {
          long sent = number;
          ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, null, String.valueOf(number));
          producer.send(record, (told, refused) -> ack(sent, told, refused));
          Thread.sleep(2);
        }
      } catch (InterruptedException never) {
        throw new IllegalStateException(never);
      }
    }

    private synchronized void ack(long number, RecordMetadata told, Exception refused) {
      if (refused != null) failure = refused;
      else acks.add(new long[] {number, told.offset()});
    }

    synchronized int acked() throws Exception {
      if (failure != null) throw failure;
      return acks.size();
    }

    JsonNode end() throws Exception {
      isEnding = true;
      thread.join();
      acked();
      return json(acks);
    }
  }
}
