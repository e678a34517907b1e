import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Token, charge and GET on one java.net.http.HttpClient as it comes: it asks for HTTP/2 by
 * "Upgrade: h2c" with its first request, which here has a body.
 */
public final class HttpClientFlow {
    private static final String BASE = System.getenv("CLOVER_BASE_URL");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        HttpResponse<String> token = send(
            request("/v1/tokens")
                .header("apikey", System.getenv("CLOVER_API_KEY"))
                .POST(HttpRequest.BodyPublishers.ofString(
                    "{\"card\":{\"number\":\"4242424242424242\",\"exp_month\":\"12\","
                        + "\"exp_year\":\"2030\",\"cvv\":\"123\"}}")));
        HttpResponse<String> charge = send(
            bearer("/v1/charges")
                .POST(HttpRequest.BodyPublishers.ofString(
                    "{\"amount\":1999,\"currency\":\"usd\",\"source\":\"" + id(token) + "\"}")));
        HttpResponse<String> read = send(bearer("/v1/charges/" + id(charge)).GET());
        HttpResponse<String> unknown = send(bearer("/v1/charges/ZZZZZZZZZZZZZ").GET());
        System.out.print(
            "{\"token\":" + told(token)
                + ",\"charge\":" + told(charge)
                + ",\"read\":" + told(read)
                + ",\"unknown\":" + told(unknown)
                + "}");
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(BASE + path))
            .timeout(Duration.ofSeconds(60))
            .header("Content-Type", "application/json");
    }

    private static HttpRequest.Builder bearer(String path) {
        return request(path)
            .header("Authorization", "Bearer " + System.getenv("CLOVER_ACCESS_TOKEN"));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request)
        throws IOException, InterruptedException {
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String id(HttpResponse<String> answer) {
        Matcher found = Pattern.compile("\"id\"\\s*:\\s*\"([^\"]+)\"").matcher(answer.body());
        if (!found.find()) {
            throw new IllegalStateException(answer.statusCode() + " " + answer.body());
        }
        return found.group(1);
    }

    private static String told(HttpResponse<String> answer) {
        return "{\"status\":" + answer.statusCode()
            + ",\"version\":\"" + answer.version() + "\""
            + ",\"body\":" + answer.body() + "}";
    }
}
