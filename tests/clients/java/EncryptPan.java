import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;

/**
 * encrypted_pan by the cipher that Clover's own Java sample names, posted with HttpURLConnection;
 * once as plain base64 and once in MIME lines with CRLF, as java.util.Base64 breaks them.
 */
public final class EncryptPan {
    private static final String BASE = System.getenv("CLOVER_BASE_URL");

    public static void main(String[] args) throws Exception {
        String pan = System.getenv("CARD_NUMBER");
        Matcher found =
            Pattern.compile("\"TA_PUBLIC_KEY_DEV\"\\s*:\\s*\"([^\"]+)\"").matcher(keys());
        if (!found.find()) {
            throw new IllegalStateException("no TA_PUBLIC_KEY_DEV in keys.json");
        }
        byte[] blob = Base64.getDecoder().decode(found.group(1).replace("\\/", "/"));
        PublicKey key = KeyFactory.getInstance("RSA").generatePublic(
            new RSAPublicKeySpec(
                new BigInteger(1, Arrays.copyOfRange(blob, 0, 256)),
                new BigInteger(1, Arrays.copyOfRange(blob, 256, 512))));
        Cipher rsa = Cipher.getInstance("RSA/ECB/OAEPWithSHA1AndMGF1Padding");
        rsa.init(Cipher.ENCRYPT_MODE, key);
        byte[] cipher = rsa.doFinal(("00000000" + pan).getBytes(StandardCharsets.US_ASCII));

        String plain = Base64.getEncoder().encodeToString(cipher);
        String mime = Base64.getMimeEncoder().encodeToString(cipher).replace("\r\n", "\\r\\n");
        String last4 = pan.substring(pan.length() - 4);
        System.out.print(
            "{\"blob\":" + blob.length
                + ",\"cipher\":" + cipher.length
                + ",\"right\":" + post(plain, pan.substring(0, 6), last4)
                + ",\"mime\":" + post(mime, pan.substring(0, 6), last4)
                + ",\"wrong\":" + post(plain, pan.substring(0, 6), System.getenv("WRONG_LAST4"))
                + "}");
    }

    private static String keys() throws IOException {
        HttpURLConnection call = call("/assets/keys.json");
        try (InputStream body = call.getInputStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String post(String encryptedPan, String first6, String last4)
        throws IOException {
        String card =
            "{\"card\":{\"encrypted_pan\":\"" + encryptedPan
                + "\",\"first6\":\"" + first6
                + "\",\"last4\":\"" + last4
                + "\",\"exp_month\":\"12\",\"exp_year\":\"2030\",\"cvv\":\"123\"}}";
        HttpURLConnection call = call("/v1/tokens");
        call.setRequestMethod("POST");
        call.setDoOutput(true);
        call.setRequestProperty("Content-Type", "application/json");
        call.setRequestProperty("apikey", System.getenv("CLOVER_API_KEY"));
        call.getOutputStream().write(card.getBytes(StandardCharsets.UTF_8));
        int status = call.getResponseCode();
        try (InputStream body = status < 400 ? call.getInputStream() : call.getErrorStream()) {
            return "{\"status\":" + status
                + ",\"body\":" + new String(body.readAllBytes(), StandardCharsets.UTF_8) + "}";
        }
    }

    private static HttpURLConnection call(String path) throws IOException {
        return (HttpURLConnection) new URL(BASE + path).openConnection();
    }
}
