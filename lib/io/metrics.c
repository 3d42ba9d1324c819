/* metrics - short pages over HTTP, for those who watch the server. */
#include "io/priv.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <arpa/inet.h>

enum { MAX_HEAD = 8192, MAX_BODY = 1024, MAX_PAGE = 1 << 20, PATIENCE = 5 };

struct sr_metrics {
	struct evhttp *http;
	int (*page)(void *arg, struct sr_str path, struct sr_buf *out);
	void *arg;
};

static const char *
words_of(int status)
{
	return status == 200 ? "OK" : status == 404 ? "Not Found" :
	    status == 503 ? "Service Unavailable" : "Internal Server Error";
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct sr_metrics *m = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	struct evkeyvalq *head = evhttp_request_get_output_headers(req);
	struct evbuffer *body = evhttp_request_get_output_buffer(req);
	struct sr_buf page;
	int status;

	sr_buf_init(&page, MAX_PAGE);
	status = m->page(m->arg, sr_cstr(path != NULL ? path : ""), &page);
	evhttp_add_header(head, "Content-Type",
	    "text/plain; version=0.0.4; charset=utf-8");
	evhttp_add_header(head, "Connection", "close");
	evbuffer_add(body, page.p, page.n);
	evhttp_send_reply(req, status, words_of(status), NULL);
	sr_buf_free(&page);
}

static int
bind_to(struct sr_metrics *m, const struct sr_addr *at)
{
	struct evhttp_bound_socket *s;
	char ip[INET6_ADDRSTRLEN] = "";

	inet_ntop(at->family == 6 ? AF_INET6 : AF_INET, at->ip, ip,
	    sizeof(ip));
	errno = 0;
	s = evhttp_bind_socket_with_handle(m->http, ip, at->port);
	if (s != NULL)
		return SR_OK;
	errno = errno != 0 ? errno : EADDRINUSE;
	return SR_ESYS;
}

int
sr_metrics_open(struct sr_metrics **mp, struct sr_loop *l,
    const struct sr_addr *at,
    int (*page)(void *arg, struct sr_str path, struct sr_buf *out), void *arg)
{
	struct sr_metrics *m = sr_zalloc(sizeof(*m));
	int err;

	if (m == NULL)
		return SR_ENOMEM;
	m->page = page;
	m->arg = arg;
	if ((m->http = evhttp_new(io_base(l))) == NULL) {
		free(m);
		return SR_ENOMEM;
	}
	evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(m->http, MAX_HEAD);
	evhttp_set_max_body_size(m->http, MAX_BODY);
	evhttp_set_timeout(m->http, PATIENCE);
	evhttp_set_gencb(m->http, on_request, m);
	if ((err = bind_to(m, at)) != SR_OK) {
		int why = errno;

		sr_metrics_close(m);
		errno = why;
		return err;
	}
	*mp = m;
	return SR_OK;
}

void
sr_metrics_close(struct sr_metrics *m)
{
	if (m == NULL)
		return;
	evhttp_free(m->http);
	free(m);
}
