import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's own clients behind lines of text. The argument is the broker's address; a line that comes is one of
 *
 *   produce TOPIC RECORDS [NAME=VALUE ...]   records as JSON, settings of the producer
 *   read TOPIC beginning|end|time|offset N   what lies from there to the end; without a group
 *   drain TOPIC COUNT [NAME=VALUE ...]      so many values of all partitions, from their beginnings; without a group
 *   offsets TOPIC N                          beginning, end, and the first with a timestamp of N or later
 *   group TOPIC GROUP COUNT                  so many records as a member of a group, which commits
 *   admin TOPIC                              the life of a topic
 *
 * and each is answered with a line of JSON: what came of it, or the error.
 */
public final class KafkaClient {
  private static final JsonMapper json = new JsonMapper();
  private static final Duration wait = Duration.ofMillis(200);
  private static String address;

  public static void main(String[] args) throws Exception {
    address = args[0];
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      answers.println(json.writeValueAsString(answerOrError(line.split(" "))));
    }
  }

  private static JsonNode answerOrError(String[] words) {
    try {
      return answer(words);
    } catch (ExecutionException failure) {
      return json.createObjectNode().put("error", String.valueOf(failure.getCause()));
    } catch (Exception failure) {
      return json.createObjectNode().put("error", failure.toString());
    }
  }

  private static JsonNode answer(String[] words) throws Exception {
    return switch (words[0]) {
      case "produce" -> produce(words[1], json.readTree(words[2]), List.of(words).subList(3, words.length));
      case "read" -> read(new TopicPartition(words[1], 0), words[2], Long.parseLong(words[3]));
      case "drain" -> drain(words[1], Integer.parseInt(words[2]), List.of(words).subList(3, words.length));
      case "offsets" -> offsets(new TopicPartition(words[1], 0), Long.parseLong(words[2]));
      case "group" -> group(words[1], words[2], Integer.parseInt(words[3]));
      case "admin" -> admin(words[1]);
      default -> throw new IllegalArgumentException(words[0]);
    };
  }

  private static Map<String, Object> settings(List<String> more) {
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", address, "reconnect.backoff.max.ms", 200));
    for (String each : more) settings.put(each.split("=")[0], each.split("=")[1]);
    return settings;
  }

  private static JsonNode produce(String topic, JsonNode records, List<String> more) throws Exception {
    ObjectNode answer = json.createObjectNode();
    StringSerializer texts = new StringSerializer();
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings(more), texts, texts)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (JsonNode each : records) {
        ProducerRecord<String, String> record =
            new ProducerRecord<>(topic, 0, each.get("timestamp").asLong(), each.get("key").textValue(), each.get("value").textValue());
        for (JsonNode header : each.get("headers")) {
          record.headers().add(header.get(0).textValue(), header.get(1).textValue().getBytes(StandardCharsets.UTF_8));
        }
        sent.add(producer.send(record));
      }
      ArrayNode offsets = answer.putArray("offsets");
      for (Future<RecordMetadata> each : sent) offsets.add(each.get().offset());
    }
    return answer;
  }

  private static KafkaConsumer<String, String> consumer(List<String> more) {
    return new KafkaConsumer<>(settings(more), new StringDeserializer(), new StringDeserializer());
  }

  private static JsonNode read(TopicPartition partition, String from, long at) {
    ObjectNode answer = json.createObjectNode();
    ArrayNode records = answer.putArray("records");
    try (KafkaConsumer<String, String> consumer = consumer(List.of())) {
      consumer.assign(List.of(partition));
      switch (from) {
        case "beginning" -> consumer.seekToBeginning(List.of(partition));
        case "end" -> consumer.seekToEnd(List.of(partition));
        case "time" -> consumer.seek(partition, consumer.offsetsForTimes(Map.of(partition, at)).get(partition).offset());
        default -> consumer.seek(partition, at);
      }
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(wait)) add(records, record);
      }
    }
    return answer;
  }

  private static JsonNode drain(String topic, int count, List<String> more) {
    ObjectNode answer = json.createObjectNode();
    ArrayNode values = answer.putArray("values");
    try (KafkaConsumer<String, String> consumer = consumer(more)) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream().map(each -> new TopicPartition(topic, each.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (values.size() < count) {
        for (ConsumerRecord<String, String> record : consumer.poll(wait)) values.add(record.value());
      }
    }
    return answer;
  }

  private static void add(ArrayNode records, ConsumerRecord<String, String> record) {
    ObjectNode row = records.addObject().put("offset", record.offset()).put("timestamp", record.timestamp());
    row.put("key", record.key()).put("value", record.value());
    ArrayNode headers = row.putArray("headers");
    for (Header header : record.headers()) headers.addArray().add(header.key()).add(new String(header.value(), StandardCharsets.UTF_8));
  }

  private static JsonNode offsets(TopicPartition partition, long timestamp) {
    try (KafkaConsumer<String, String> consumer = consumer(List.of())) {
      List<TopicPartition> one = List.of(partition);
      var found = consumer.offsetsForTimes(Map.of(partition, timestamp)).get(partition);
      ObjectNode answer = json.createObjectNode();
      answer.put("beginning", consumer.beginningOffsets(one).get(partition)).put("end", consumer.endOffsets(one).get(partition));
      return answer.put("found", found == null ? -1 : found.offset()).put("timestamp", found == null ? -1 : found.timestamp());
    }
  }

  private static JsonNode group(String topic, String group, int count) {
    ObjectNode answer = json.createObjectNode();
    ArrayNode values = answer.putArray("values");
    try (KafkaConsumer<String, String> consumer = consumer(List.of("group.id=" + group, "auto.offset.reset=earliest"))) {
      consumer.subscribe(List.of(topic));
      while (values.size() < count) {
        for (ConsumerRecord<String, String> record : consumer.poll(wait)) values.add(record.value());
        consumer.commitSync();
      }
      TopicPartition partition = new TopicPartition(topic, 0);
      answer.put("committed", consumer.committed(java.util.Set.of(partition)).get(partition).offset());
    }
    return answer;
  }

  private static JsonNode admin(String topic) throws Exception {
    ObjectNode answer = json.createObjectNode();
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Admin admin = Admin.create(settings(List.of()))) {
      admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "1000")))).all().get();
      answer.put("listed", admin.listTopics().names().get().contains(topic));
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
      answer.put("partitions", admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size());
      answer.put("retention", retention(admin, resource));
      alter(admin, resource, "2000");
      answer.put("altered", retention(admin, resource));
      try {
        alter(admin, resource, "soon");
      } catch (ExecutionException failure) {
        answer.put("refused", failure.getCause().getClass().getSimpleName());
      }
      produce(topic, json.readTree("[{\"timestamp\":1000,\"key\":null,\"value\":\"0\",\"headers\":[]}]"), List.of());
      answer.put("end", admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition).get().offset());
      answer.put("newest", admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).partitionResult(partition).get().offset());
      var deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(1))).lowWatermarks().get(partition).get();
      answer.put("logStart", deleted.lowWatermark());
      answer.put("nodes", admin.describeCluster().nodes().get().size());
      answer.put("logDirs", admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).size());
      admin.deleteTopics(List.of(topic)).all().get();
      answer.put("isGone", !admin.listTopics().names().get().contains(topic));
    }
    return answer;
  }

  private static String retention(Admin admin, ConfigResource resource) throws Exception {
    return admin.describeConfigs(List.of(resource)).all().get().get(resource).get("retention.ms").value();
  }

  private static void alter(Admin admin, ConfigResource resource, String value) throws Exception {
    AlterConfigOp set = new AlterConfigOp(new ConfigEntry("retention.ms", value), AlterConfigOp.OpType.SET);
    admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all().get();
  }
}
