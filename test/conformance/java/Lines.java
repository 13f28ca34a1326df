import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;

/** How test/conformance/driver.ts speaks to a program: a line of JSON comes, a name and what it needs, and a line goes. */
final class Lines {
  static final JsonMapper json =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_JAVA_COMMENTS).build();

  interface Answering {
    JsonNode answer(String name, JsonNode args) throws Exception;
  }

  static void answerAll(Answering program) throws Exception {
    json.getFactory().setStreamReadConstraints(StreamReadConstraints.builder().maxStringLength(64 << 20).build());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      answers.println(json.writeValueAsString(answerOrError(program, json.readTree(line))));
    }
  }

  private static JsonNode answerOrError(Answering program, JsonNode asked) {
    ObjectNode told = json.createObjectNode();
    try {
      return told.set("answer", program.answer(asked.get(0).asText(), asked.get(1)));
    } catch (ExecutionException | InvocationTargetException failure) {
      return told.put("error", String.valueOf(failure.getCause()));
    } catch (Exception failure) {
      return told.put("error", failure.toString());
    }
  }
}
