import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Kafka's own message classes. Asks:
 *
 *   make {key, kind, version, seed}    a random value, drawn from Kafka's own definition of the message; kind is request or response
 *   echo {key, kind, version, bytes}   a message of somebody else's, in hex
 *   name {key}                         its name and versions
 *   fields {key, kind}                 Kafka's own definition of the message
 *   errors                             all error codes
 *
 * For a message the answer is its value as Kafka's converters put it, its bytes, and those of its header.
 */
public final class KafkaCodec {
  private static final JsonMapper json = Lines.json;
  private static final HexFormat hex = HexFormat.of();
  /** Of headers, always. One that takes more bytes than characters. */
  private static final String clientId = "größe";
  private static final int correlationId = 0x01020304;
  /** Our integers of 64 bits go to 2^53 - 1, which is what all larger ones become: random ones end before it. */
  private static final long longMax = (1L << 53) - 2;

  public static void main(String[] args) throws Exception {
    Lines.answerAll(KafkaCodec::answer);
  }

  private static JsonNode answer(String ask, JsonNode args) throws Exception {
    if (ask.equals("errors")) return errors();
    ApiMessageType api = ApiMessageType.fromApiKey((short) args.get("key").asInt());
    if (ask.equals("name")) return name(api);
    boolean isRequest = args.get("kind").asText().equals("request");
    ApiMessage message = isRequest ? api.newRequest() : api.newResponse();
    if (ask.equals("fields")) return fields(definitionOf(message), definitionOf(message).get("fields"));
    short version = (short) args.get("version").asInt();
    if (ask.equals("make")) {
      JsonNode value = new Maker(message, version, args.get("seed").asLong()).make();
      Message made = (Message) converter(message).getMethod("read", JsonNode.class, short.class).invoke(null, value, version);
      return told(api, isRequest, made, version, value);
    }
    ByteBuffer bytes = ByteBuffer.wrap(hex.parseHex(args.get("bytes").asText()));
    message.read(new ByteBufferAccessor(bytes), version);
    ObjectNode answer = told(api, isRequest, message, version, withRecords(message, toJson(message, version)));
    answer.put("left", bytes.remaining());
    return answer;
  }

  private static JsonNode name(ApiMessageType api) {
    ObjectNode answer = json.createObjectNode().put("name", api.name);
    answer.put("first", api.lowestSupportedVersion()).put("last", api.highestSupportedVersion(true));
    return answer;
  }

  private static JsonNode definitionOf(ApiMessage message) throws Exception {
    String name = message.getClass().getSimpleName().replaceFirst("Data$", "");
    try (InputStream stream = KafkaCodec.class.getResourceAsStream("/common/message/" + name + ".json")) {
      return json.readTree(stream);
    }
  }

  /** What decides over bytes, with the fields of structs in their place. */
  private static ArrayNode fields(JsonNode definition, JsonNode fields) {
    ArrayNode answer = json.createArrayNode();
    for (JsonNode field : fields) {
      ObjectNode row = answer.addObject();
      for (String name : List.of("name", "type", "versions", "nullableVersions", "tag", "default", "ignorable")) {
        if (field.has(name)) row.set(name, field.get(name));
      }
      String type = field.get("type").asText().replaceFirst("^\\[]", "");
      if (Character.isUpperCase(type.charAt(0))) row.set("fields", fields(definition, fieldsOf(definition, field, type)));
    }
    return answer;
  }

  private static JsonNode fieldsOf(JsonNode definition, JsonNode field, String type) {
    if (field.has("fields")) return field.get("fields");
    for (JsonNode struct : definition.get("commonStructs")) {
      if (struct.get("name").asText().equals(type)) return struct.get("fields");
    }
    throw new IllegalArgumentException(type);
  }

  private static JsonNode errors() {
    ArrayNode rows = json.createArrayNode();
    for (Errors error : Errors.values()) {
      ObjectNode row = rows.addObject().put("code", error.code()).put("name", error.name());
      row.put("isRetriable", error.exception() instanceof org.apache.kafka.common.errors.RetriableException);
    }
    return rows;
  }

  private static ObjectNode told(ApiMessageType api, boolean isRequest, Message message, short version, JsonNode value) {
    short headerVersion = isRequest ? api.requestHeaderVersion(version) : api.responseHeaderVersion(version);
    Message header = isRequest
        ? new RequestHeaderData()
            .setRequestApiKey(api.apiKey())
            .setRequestApiVersion(version)
            .setCorrelationId(correlationId)
            .setClientId(clientId)
        : new ResponseHeaderData().setCorrelationId(correlationId);
    ObjectNode answer = json.createObjectNode();
    answer.set("value", value);
    return answer.put("bytes", bytesOf(message, version)).put("header", bytesOf(header, headerVersion));
  }

  private static String bytesOf(Message message, short version) {
    ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return hex.formatHex(bytes);
  }

  private static Class<?> converter(Message message) throws Exception {
    return Class.forName(message.getClass().getName() + "JsonConverter");
  }

  private static JsonNode toJson(Message message, short version) throws Exception {
    return (JsonNode) converter(message).getMethod("write", message.getClass(), short.class).invoke(null, message, version);
  }

  /** The converters leave records empty: puts their bytes there. */
  private static JsonNode withRecords(Object message, JsonNode value) throws Exception {
    if (!(value instanceof ObjectNode object)) return value;
    if (object.path("records").isBinary()) {
      ByteBuffer records = ((MemoryRecords) message.getClass().getMethod("records").invoke(message)).buffer();
      byte[] bytes = new byte[records.remaining()];
      records.get(bytes);
      object.put("records", bytes);
    }
    for (String name : (Iterable<String>) object::fieldNames) {
      if (!object.get(name).isContainerNode()) continue;
      Object child = message.getClass().getMethod(name).invoke(message);
      if (!(child instanceof Collection<?> children)) {
        withRecords(child, object.get(name));
        continue;
      }
      Iterator<JsonNode> values = object.get(name).elements();
      for (Object element : children) withRecords(element, values.next());
    }
    return value;
  }

  /** A random value of a version, as the definition of the message allows it. */
  private static final class Maker {
    private final JsonNode definition;
    private final short version;
    private final Random random;

    Maker(ApiMessage message, short version, long seed) throws Exception {
      this.definition = definitionOf(message);
      this.version = version;
      this.random = new Random(seed * 1_000_003 + message.getClass().getSimpleName().hashCode() * 31L + version);
    }

    JsonNode make() {
      return struct(definition.get("fields"));
    }

    private ObjectNode struct(JsonNode fields) {
      ObjectNode value = json.createObjectNode();
      for (JsonNode field : fields) {
        if (!has(field.get("versions"))) continue;
        if (has(field.get("taggedVersions")) && random.nextInt(3) == 0) continue;
        String name = field.get("name").asText();
        value.set(Character.toLowerCase(name.charAt(0)) + name.substring(1), value(field, field.get("type").asText()));
      }
      return value;
    }

    private JsonNode value(JsonNode field, String type) {
      if (has(field.get("nullableVersions")) && random.nextInt(4) == 0) return json.nullNode();
      if (!type.startsWith("[]")) return scalar(field, type);
      ArrayNode values = json.createArrayNode();
      for (int left = random.nextInt(3); left > 0; left--) values.add(scalar(field, type.substring(2)));
      return values;
    }

    private JsonNode scalar(JsonNode field, String type) {
      return switch (type) {
        case "bool" -> json.getNodeFactory().booleanNode(random.nextBoolean());
        case "int8" -> json.getNodeFactory().numberNode((int) integer(Byte.MAX_VALUE));
        case "int16" -> json.getNodeFactory().numberNode((int) integer(Short.MAX_VALUE));
        case "int32" -> json.getNodeFactory().numberNode((int) integer(Integer.MAX_VALUE));
        case "int64" -> json.getNodeFactory().numberNode(Math.max(integer(longMax), -longMax));
        case "uuid" -> json.getNodeFactory().textNode(new Uuid(random.nextLong(), random.nextLong()).toString());
        case "string" -> json.getNodeFactory().textNode(text());
        case "bytes", "records" -> json.getNodeFactory().binaryNode(bytes());
        default -> struct(fieldsOf(definition, field, type));
      };
    }

    private long integer(long max) {
      return switch (random.nextInt(6)) {
        case 0 -> max;
        case 1 -> -max - 1;
        case 2 -> -1;
        case 3 -> random.nextInt(100);
        default -> random.nextLong() % max;
      };
    }

    private String text() {
      return switch (random.nextInt(8)) {
        case 0 -> "";
        case 1 -> "größe 五千 🌊";
        // Two bytes of compact size.
        case 2 -> "x".repeat(120 + random.nextInt(20));
        default -> Integer.toString(random.nextInt(1 << 24), 36);
      };
    }

    private byte[] bytes() {
      byte[] bytes = new byte[random.nextInt(8) == 0 ? 130 : random.nextInt(10)];
      random.nextBytes(bytes);
      return bytes;
    }

    /** Whether "3", "3-7" or "3+" contains the version. */
    private boolean has(JsonNode versions) {
      if (versions == null || versions.asText().equals("none")) return false;
      String[] bounds = versions.asText().replaceFirst("\\+$", "-32767").split("-");
      return Short.parseShort(bounds[0]) <= version && version <= Short.parseShort(bounds[bounds.length - 1]);
    }
  }
}
