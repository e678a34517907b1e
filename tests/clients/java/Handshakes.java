// Whose certificates Java takes: one handshake for each HOST:PORT given, with the trust store that
// its own options name. The port is on this machine; the host is who the client means.

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

public class Handshakes {
    public static void main(String[] places) {
        SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        List<String> outcomes = new ArrayList<>();
        for (String place : places) {
            int colon = place.lastIndexOf(':');
            int port = Integer.parseInt(place.substring(colon + 1));
            outcomes.add('"' + handshake(factory, place.substring(0, colon), port).replace("\"", "'") + '"');
        }
        System.out.println("[" + String.join(", ", outcomes) + "]");
    }

    private static String handshake(SSLSocketFactory factory, String host, int port) {
        try (Socket plain = new Socket("127.0.0.1", port);
                SSLSocket socket = (SSLSocket) factory.createSocket(plain, host, port, true)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return "accepted";
        } catch (IOException refusal) {
            Throwable reason = refusal;
            while (reason.getCause() != null) {
                reason = reason.getCause();
            }
            return reason.getMessage();
        }
    }
}
