# /etc/varnish/default.vcl: Varnish in front of openclaw-shim.
# From https://varnish-cache.org/docs/7.1/users-guide/vcl-example-websockets.html; a line after "# Fix:" is an
# addition to it. A silent WebSocket ends after 60 s: start varnishd with "-p pipe_timeout=3600".
vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "18788";
    # Fix: a response that begins later fails after 60 s
    .first_byte_timeout = 1h;
    # Fix: a silent response ends after 60 s
    .between_bytes_timeout = 1h;
}

sub vcl_recv {
    if (req.http.upgrade ~ "(?i)websocket") {
        return (pipe);
    }
    # Fix: a response without Cache-Control is stored for two minutes, and sent to other clients
    return (pass);
}

sub vcl_pipe {
    if (req.http.upgrade) {
        set bereq.http.upgrade = req.http.upgrade;
        set bereq.http.connection = req.http.connection;
    }
}
