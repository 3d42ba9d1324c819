/* Claims about where a SIP URI leads: lib/io/dns.c, dns_srv.c, against a name
 * server of our own. */
#include "unit/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "siprec/io.h"

enum { A = 1, AAAA = 28, SRV = 33, NAPTR = 35 };

/* data: "192.0.2.1", "2001:db8::1", "PRIO WEIGHT PORT HOST" or
 * "ORDER PREF FLAGS SERVICE REPLACEMENT". */
struct record {
	const char *name;
	int type;
	const char *data;
};

static const struct record zone[] = {
	{ "host.test", A, "192.0.2.1" },
	{ "host.test", AAAA, "2001:db8::1" },
	{ "a.test", A, "192.0.2.11" },
	{ "b.test", A, "192.0.2.12" },
	{ "c.test", A, "192.0.2.13" },
	/* NAPTR leads. */
	{ "full.test", NAPTR, "20 0 s SIP+D2U _sip._udp.full.test" },
	{ "full.test", NAPTR, "10 20 s SIP+D2T _sip._tcp.full.test" },
	{ "full.test", NAPTR, "10 10 s SIPS+D2T _sips._tcp.full.test" },
	{ "full.test", NAPTR, "5 0 s SIP+D2S _sip._sctp.full.test" },
	{ "full.test", NAPTR, "5 0 u SIP+D2U _no.full.test" },
	{ "_sip._udp.full.test", SRV, "1 0 5070 a.test" },
	{ "_sip._tcp.full.test", SRV, "2 0 5072 b.test" },
	{ "_sip._tcp.full.test", SRV, "1 0 5071 c.test" },
	{ "_sips._tcp.full.test", SRV, "1 0 5073 a.test" },
	/* SRV alone. */
	{ "srv.test", A, "192.0.2.99" },
	{ "_sip._udp.srv.test", SRV, "10 1 5080 a.test" },
	{ "_sip._tcp.srv.test", SRV, "10 1 5081 b.test" },
	/* Decidedly no TCP. */
	{ "notcp.test", A, "192.0.2.50" },
	{ "_sip._tcp.notcp.test", SRV, "0 0 0 ." },
	/* By weight. */
	{ "_sip._udp.weight.test", SRV, "1 90 1 a.test" },
	{ "_sip._udp.weight.test", SRV, "1 10 2 b.test" },
	{ "_sip._udp.weight.test", SRV, "0 0 3 c.test" },
	/* Leads nowhere. */
	{ "lost.test", NAPTR, "10 10 s SIP+D2U _sip._udp.gone.test" },
	{ "lost.test", A, "192.0.2.77" },
};

/* ---- the name server ---- */

static void
u16(struct sr_buf *b, unsigned v)
{
	sr_buf_addc(b, (char)(v >> 8));
	sr_buf_addc(b, (char)v);
}

static void
name(struct sr_buf *b, const char *s)
{
	struct sr_str rest = sr_cstr(s), label;

	while (strcmp(s, ".") != 0 && sr_strcut(&rest, '.', &label)) {
		sr_buf_addc(b, (char)label.n);
		sr_buf_add(b, label);
	}
	sr_buf_addc(b, '\0');
}

static void
text(struct sr_buf *b, const char *s)
{
	sr_buf_addc(b, (char)strlen(s));
	sr_buf_add(b, sr_cstr(s));
}

static void
rdata(struct sr_buf *b, const struct record *r)
{
	char x[64], y[64], z[64];
	unsigned p, w, port;
	struct sr_addr a;

	if (r->type == SRV) {
		sscanf(r->data, "%u %u %u %63s", &p, &w, &port, x);
		u16(b, p), u16(b, w), u16(b, port);
		name(b, x);
	} else if (r->type == NAPTR) {
		sscanf(r->data, "%u %u %63s %63s %63s", &p, &w, x, y, z);
		u16(b, p), u16(b, w);
		text(b, x), text(b, y), text(b, "");
		name(b, z);
	} else {
		CHECK_EQ(sr_addr_parse(&a, sr_cstr(r->data)), SR_OK);
		sr_buf_add(b, (struct sr_str){ (char *)a.ip,
		    r->type == A ? 4 : 16 });
	}
}

static void
record(struct sr_buf *b, const struct record *r)
{
	struct sr_buf data;

	sr_buf_init(&data, 512);
	rdata(&data, r);
	name(b, r->name);
	u16(b, (unsigned)r->type), u16(b, 1), u16(b, 0), u16(b, 60);
	u16(b, (unsigned)data.n);
	sr_buf_add(b, sr_buf_str(&data));
	sr_buf_free(&data);
}

/* The name of a question as text; where it ends. */
static size_t
question(const uint8_t *q, size_t n, char *out)
{
	size_t at = 12, k = 0;

	while (at < n && q[at] != 0) {
		if (k > 0)
			out[k++] = '.';
		memcpy(out + k, q + at + 1, q[at]);
		k += q[at];
		at += q[at] + 1u;
	}
	out[k] = '\0';
	return at + 1;
}

static bool deaf;
static size_t asked;

static void
serve(void *arg, int fd)
{
	struct sockaddr_in from;
	socklen_t fn = sizeof(from);
	uint8_t q[512];
	char qname[300];
	struct sr_buf b;
	ssize_t n = recvfrom(fd, q, sizeof(q), 0, (struct sockaddr *)&from,
	    &fn);
	size_t end, found = 0;
	int type;

	(void)arg;
	asked++;
	if (n < 17 || deaf)
		return;
	end = question(q, (size_t)n, qname);
	type = q[end] << 8 | q[end + 1];
	sr_buf_init(&b, 4096);
	sr_buf_add(&b, (struct sr_str){ (char *)q, end + 4 });
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++)
		if (zone[i].type == type && sr_strieq(sr_cstr(zone[i].name),
		    sr_cstr(qname))) {
			record(&b, &zone[i]);
			found++;
		}
	b.p[2] = (char)0x85;
	b.p[3] = (char)(found > 0 ? 0x80 : 0x83);
	b.p[7] = (char)found;
	b.p[9] = b.p[11] = 0;
	CHECK_EQ(sendto(fd, b.p, b.n, 0, (struct sockaddr *)&from, fn), b.n);
	sr_buf_free(&b);
}

/* ---- a lookup ---- */

struct world {
	struct sr_loop *l;
	struct sr_watch *w;
	struct sr_dns *d;
	int fd, err;
	bool told;
	struct sr_buf out;		/* "udp 192.0.2.1:5060," ... */
};

static void
on_hops(void *arg, int err, const struct sr_hop *hops, size_t n)
{
	static const char *const protos[] = { "udp", "tcp", "tls" };
	struct world *w = arg;

	w->told = true;
	w->err = err;
	sr_buf_drop(&w->out, w->out.n);
	for (size_t i = 0; i < n; i++) {
		sr_buf_fmt(&w->out, "%s%s ", i > 0 ? ", " : "",
		    protos[hops[i].proto]);
		sr_addr_print(&w->out, &hops[i].remote);
	}
	sr_loop_stop(w->l);
}

static void
begin(struct world *w, bool tls)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sr_dns_cfg cfg = { .timeout = 2 * SR_SEC, .tls = tls };
	socklen_t n = sizeof(in);
	char server[64];

	*w = (struct world){ .fd = socket(AF_INET, SOCK_DGRAM, 0) };
	deaf = false;
	sr_buf_init(&w->out, 4096);
	CHECK_EQ(bind(w->fd, (struct sockaddr *)&in, n), 0);
	getsockname(w->fd, (struct sockaddr *)&in, &n);
	snprintf(server, sizeof(server), "127.0.0.1:%u", ntohs(in.sin_port));
	CHECK_EQ(sr_loop_new(&w->l), SR_OK);
	CHECK_EQ(sr_watch_new(&w->w, w->l, w->fd, serve, NULL), SR_OK);
	cfg.servers = server;
	CHECK_EQ(sr_dns_new(&w->d, w->l, &cfg), SR_OK);
}

static void
end(struct world *w)
{
	sr_dns_free(w->d);
	sr_watch_free(w->w);
	close(w->fd);
	sr_buf_free(&w->out);
	sr_loop_free(w->l);
}

static void
ask(struct world *w, const struct sr_dns_query *q, const char *want)
{
	struct sr_lookup *l;

	w->told = false;
	CHECK_EQ(sr_dns_sip(w->d, q, on_hops, w, &l), SR_OK);
	CHECK(!w->told);
	sr_loop_run_until(w->l, sr_now() + 4 * SR_SEC);
	CHECK(w->told);
	CHECK_EQ(w->err, *want != '\0' ? SR_OK : SR_ENOENT);
	CHECK_STR(sr_buf_str(&w->out), want);
}

#define Q(h, ...) &(struct sr_dns_query){ .host = SR_STR(h), __VA_ARGS__ }

TEST(numbers_and_ports_ask_little)
{
	struct world w;

	begin(&w, true);
	asked = 0;
	ask(&w, Q("192.0.2.5", 0), "udp 192.0.2.5:5060");
	ask(&w, Q("192.0.2.5", .port = 5090), "udp 192.0.2.5:5090");
	ask(&w, Q("[2001:db8::9]", .has_proto = true, .proto = SR_TCP),
	    "tcp [2001:db8::9]:5060");
	ask(&w, Q("192.0.2.5", .sips = true), "tls 192.0.2.5:5061");
	CHECK_EQ(asked, 0);
	ask(&w, Q("a.test", .port = 5099, .sips = true),
	    "tls 192.0.2.11:5099");
	end(&w);
}

TEST(a_domain_says_its_services_in_order)
{
	struct world w;

	begin(&w, true);
	ask(&w, Q("full.test", 0), "tls 192.0.2.11:5073, "
	    "tcp 192.0.2.13:5071, tcp 192.0.2.12:5072, udp 192.0.2.11:5070");
	ask(&w, Q("full.test", .sips = true), "tls 192.0.2.11:5073");
	ask(&w, Q("full.test", .has_proto = true, .proto = SR_TCP),
	    "tcp 192.0.2.13:5071, tcp 192.0.2.12:5072");
	end(&w);
	begin(&w, false);
	ask(&w, Q("full.test", 0),
	    "tcp 192.0.2.13:5071, tcp 192.0.2.12:5072, udp 192.0.2.11:5070");
	end(&w);
}

TEST(without_naptr_there_is_srv_and_without_that_the_address)
{
	struct world w;

	begin(&w, true);
	ask(&w, Q("srv.test", 0), "udp 192.0.2.11:5080, tcp 192.0.2.12:5081");
	ask(&w, Q("a.test", 0), "udp 192.0.2.11:5060");
	ask(&w, Q("a.test", .sips = true), "tls 192.0.2.11:5061");
	ask(&w, Q("notcp.test", .has_proto = true, .proto = SR_TCP),
	    "tcp 192.0.2.50:5060");
	ask(&w, Q("lost.test", 0), "udp 192.0.2.77:5060");
	ask(&w, Q("nowhere.test", 0), "");
	end(&w);
}

static bool
has(const struct world *w, const char *s)
{
	return sr_strfind(sr_buf_str(&w->out), sr_cstr(s)) < w->out.n;
}

TEST(both_families_are_found_and_the_hosts_file_is_read)
{
	struct sr_lookup *l;
	struct world w;

	begin(&w, true);
	CHECK_EQ(sr_dns_sip(w.d, Q("host.test", .port = 7), on_hops, &w, &l),
	    SR_OK);
	sr_loop_run_until(w.l, sr_now() + 4 * SR_SEC);
	CHECK(has(&w, "udp 192.0.2.1:7"));
	CHECK(has(&w, "udp [2001:db8::1]:7"));
	asked = 0;
	CHECK_EQ(sr_dns_sip(w.d, Q("localhost", .port = 7), on_hops, &w, &l),
	    SR_OK);
	sr_loop_run_until(w.l, sr_now() + 4 * SR_SEC);
	CHECK(has(&w, "udp 127.0.0.1:7"));
	CHECK_EQ(asked, 0);
	end(&w);
}

TEST(weights_are_drawn_and_priorities_hold)
{
	struct world w;
	int first = 0;

	begin(&w, true);
	for (int i = 0; i < 100; i++) {
		struct sr_lookup *l;

		CHECK_EQ(sr_dns_sip(w.d, Q("weight.test", .has_proto = true),
		    on_hops, &w, &l), SR_OK);
		sr_loop_run_until(w.l, sr_now() + SR_SEC);
		CHECK(sr_strstarts(sr_buf_str(&w.out),
		    SR_STR("udp 192.0.2.13:3, ")));
		first += sr_strstarts(sr_buf_str(&w.out),
		    SR_STR("udp 192.0.2.13:3, udp 192.0.2.11:1,"));
	}
	/* 90 of 100 are expected; this is ten deviations off. */
	CHECK(first > 60 && first < 100);
	end(&w);
}

TEST(a_deaf_server_costs_no_more_than_the_timeout)
{
	struct world w;
	struct sr_lookup *l;
	sr_time t0 = sr_now();

	begin(&w, true);
	deaf = true;
	CHECK_EQ(sr_dns_sip(w.d, Q("a.test", 0), on_hops, &w, &l), SR_OK);
	sr_loop_run_until(w.l, sr_now() + 4 * SR_SEC);
	CHECK(w.told);
	CHECK_EQ(w.err, SR_ESYS);
	CHECK(sr_now() - t0 < 3 * SR_SEC);
	end(&w);
}

TEST(a_lookup_can_be_cancelled_or_left_to_its_owner)
{
	struct world w;
	struct sr_lookup *l;

	begin(&w, true);
	CHECK_EQ(sr_dns_sip(w.d, Q("a.test", 0), on_hops, &w, &l), SR_OK);
	sr_dns_cancel(l);
	CHECK_EQ(sr_dns_sip(w.d, Q("192.0.2.1", 0), on_hops, &w, &l), SR_OK);
	sr_dns_cancel(l);
	sr_loop_run_until(w.l, sr_now() + 50 * SR_MSEC);
	CHECK(!w.told);
	CHECK_EQ(sr_dns_sip(w.d, Q("a.test", 0), on_hops, &w, &l), SR_OK);
	CHECK_EQ(sr_dns_sip(w.d, Q("192.0.2.1", 0), on_hops, &w, &l), SR_OK);
	end(&w);			/* with both under way */
	CHECK(!w.told);
}

TEST(hosts_that_cannot_be_names_are_refused)
{
	struct world w;
	struct sr_lookup *l;
	char big[300];

	begin(&w, true);
	memset(big, 'x', sizeof(big));
	CHECK_EQ(sr_dns_sip(w.d, Q("", 0), on_hops, &w, &l), SR_EBAD);
	CHECK_EQ(sr_dns_sip(w.d, Q("a\0b", 0), on_hops, &w, &l), SR_EBAD);
	CHECK_EQ(sr_dns_sip(w.d, &(struct sr_dns_query){
	    .host = { big, sizeof(big) } }, on_hops, &w, &l), SR_EBAD);
	end(&w);
}
