import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The function: digests of the secrets as they stand in the environment. */
public class Function implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        Map<String, String> environment = new HashMap<>();
        for (Object name : (List<?>) event.get("names")) {
            environment.put((String) name, digest(System.getenv((String) name)));
        }
        boolean writable = true;
        try {
            Files.writeString(Path.of("/opt/probe"), "");
        } catch (Exception e) {
            writable = false;
        }
        return Map.of("helper", Map.of(), "environment", environment, "writable", writable,
            "arguments", ManagementFactory.getRuntimeMXBean().getInputArguments());
    }

    private static String digest(String value) {
        if (value == null) {
            return "absent";
        }
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.UTF_8)));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
