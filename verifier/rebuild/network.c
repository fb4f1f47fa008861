/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"

#define PACKETS_AT_ONCE 256
#define READS_AT_END	4096
#define PACKET_MAX	512 /* holds headers and the name of a query */
#define DNS_PORT	53
#define WANTED_TOLD	4  /* in an error; the report has them all */
#define DNS_HEADER	12 /* RFC 1035, 4.1.1 */

/* RFC 9293, 3.1 */
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

enum status network_start(struct error *err)
{
	struct ifreq request = {.ifr_name = "lo"};
	enum status status = STATUS_OK;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		status = error_set_errno(err, "cannot switch loopback on");
	if (fd >= 0)
		close(fd);
	return status;
}

/* rtnetlink(7); 0, or the errno. */
static int route_add(int netlink, unsigned char family)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		unsigned interface;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_NEWROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK},
		.route = {.rtm_family = family,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_protocol = RTPROT_BOOT,
			.rtm_scope = RT_SCOPE_HOST,
			.rtm_type = RTN_LOCAL},
		.attribute = {.rta_len = RTA_LENGTH(sizeof(unsigned)), .rta_type = RTA_OIF},
		.interface = if_nametoindex("lo"),
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer = {0};
	ssize_t len;

	if (send(netlink, &request, sizeof(request), 0) < 0)
		return errno;
	len = recv(netlink, &answer, sizeof(answer), 0);
	if (len < (ssize_t)sizeof(answer.header))
		return len < 0 ? errno : EPROTO;
	return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
}

static enum status routes_add(struct error *err)
{
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int number = netlink < 0 ? errno : route_add(netlink, AF_INET);

	/* IPv6 may be switched off, and is then not reached either. */
	if (number == 0)
		route_add(netlink, AF_INET6);
	if (netlink >= 0)
		close(netlink);
	if (number != 0)
		return error_set(err, STATUS_SANDBOX, "cannot route to loopback in the sandbox: %s",
			strerror(number));
	return STATUS_OK;
}

/* Arriving UDP, and TCP segments that begin a connection (SYN without ACK), of IPv4 and IPv6. */
static const struct sock_filter attempts[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 16, 0), /* drop */
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IPV6, 7, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 13), /* drop */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 10, 0), /* take */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 10), /* drop */
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
	BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0), /* flags */
	/* IPv6: */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 4, 0), /* take */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4), /* drop */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),
	/* flags: */
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TCP_SYN | TCP_ACK),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCP_SYN, 0, 1),
	/* take: */
	BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
	/* drop: */
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/*
 * Arriving TCP segments that refuse a connection: RST and ACK with the sequence number 0, as an
 * address answers where nobody listens (RFC 9293, 3.10.7.1). One that is reset later has another.
 */
static const struct sock_filter refusals[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 18, 0), /* drop */
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IPV6, 8, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 15), /* drop */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 13), /* drop */
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 10), /* drop */
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
	BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0), /* flags */
	/* IPv6: */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 6), /* drop */
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 40 + 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4), /* drop */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),
	/* flags: */
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TCP_RST | TCP_ACK),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCP_RST | TCP_ACK, 0, 1),
	/* take: */
	BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
	/* drop: */
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* `interface` is the index of one, or 0 for all. */
static enum status watch_open(
	const struct sock_fprog *program, unsigned interface, int *made, struct error *err)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)interface};
	int fd;

	/* Without a protocol nothing arrives before the filter is there. */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof(*program)) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error_set_errno(err, "cannot watch what the build wants of the network");
		if (fd >= 0)
			close(fd);
		return err->status;
	}
	*made = fd;
	return STATUS_OK;
}

enum status network_watch(int *fd, struct error *err)
{
	const struct sock_fprog program = {
		.len = ARRAY_SIZE(attempts), .filter = (struct sock_filter *)attempts};

	if (routes_add(err) < 0)
		return err->status;
	return watch_open(&program, if_nametoindex("lo"), fd, err);
}

enum status network_watch_refused(int *fd, struct error *err)
{
	const struct sock_fprog program = {
		.len = ARRAY_SIZE(refusals), .filter = (struct sock_filter *)refusals};

	return watch_open(&program, 0, fd, err);
}

static void wanted_add(
	struct wanted_list *list, const char *kind, const char *target, uint64_t count)
{
	struct wanted *item;

	for (size_t i = 0; i < list->count; i++) {
		item = &list->items[i];
		if (strcmp(item->kind, kind) == 0 && strcmp(item->target, target) == 0) {
			item->count += count;
			return;
		}
	}
	if (list->count == WANTED_MOST) {
		list->more += count;
		return;
	}
	item = &list->items[list->count++];
	snprintf(item->kind, sizeof(item->kind), "%s", kind);
	snprintf(item->target, sizeof(item->target), "%s", target);
	item->count = count;
}

void wanted_list_text(const struct wanted_list *list, struct buffer *text)
{
	uint64_t others = list->more;

	for (size_t i = 0; i < list->count; i++) {
		if (i < WANTED_TOLD)
			buffer_add_format(text, "%s %s %s", i ? "," : "", list->items[i].kind,
				list->items[i].target);
		else
			others++;
	}
	if (others)
		buffer_add_text(text, ", and more");
}

void wanted_list_join(struct wanted_list *list, const struct wanted_list *other)
{
	for (size_t i = 0; i < other->count; i++)
		wanted_add(
			list, other->items[i].kind, other->items[i].target, other->items[i].count);
	list->more += other->more;
}

/* The name of the first question; false when it is none. Bytes no host name has become "?". */
static bool query_name(const unsigned char *data, size_t len, char name[WANTED_TEXT_MAX])
{
	size_t at = DNS_HEADER, out = 0;

	if (len < DNS_HEADER || data[2] & 0x80 || (data[4] == 0 && data[5] == 0))
		return false;
	while (at < len && data[at] != 0) {
		size_t label = data[at++];

		if (label > 63 || at + label > len || out + label + 2 > WANTED_TEXT_MAX)
			return false;
		if (out)
			name[out++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			bool is_plain = (data[at] >= '0' && data[at] <= '9') ||
				(data[at] >= 'A' && data[at] <= 'Z') ||
				(data[at] >= 'a' && data[at] <= 'z') || data[at] == '-' ||
				data[at] == '_';

			name[out++] = is_plain ? (char)data[at] : '?';
		}
	}
	name[out] = '\0';
	return at < len && out > 0;
}

/* Where a packet comes from, or goes to. */
struct address {
	char text[INET6_ADDRSTRLEN];
	bool is_loopback;
};

static void target_add(
	const char *kind, const struct address *address, unsigned port, struct wanted_list *list)
{
	char text[WANTED_TEXT_MAX];

	snprintf(text, sizeof(text), strchr(address->text, ':') ? "[%s]:%u" : "%s:%u",
		address->text, port);
	wanted_add(list, kind, text, 1);
}

/* The transport header at `data`: source port, destination port; behind that of UDP, its data. */
static void transport_take(const unsigned char *data, size_t len, int protocol,
	const struct address *from, const struct address *to, struct wanted_list *list)
{
	char text[WANTED_TEXT_MAX];
	unsigned port;

	if (len < 8)
		return;
	/* Of a refusal it is who refuses. */
	if (protocol == IPPROTO_TCP && len >= 14 && data[13] & TCP_RST) {
		target_add("tcp", from, (unsigned)data[0] << 8 | data[1], list);
		return;
	}
	port = (unsigned)data[2] << 8 | data[3];

	if (protocol == IPPROTO_UDP && port == DNS_PORT && query_name(data + 8, len - 8, text))
		wanted_add(list, "name", text, 1);
	if (!to->is_loopback)
		target_add(protocol == IPPROTO_UDP ? "udp" : "tcp", to, port, list);
}

static struct address address_read(int family, const unsigned char *bytes)
{
	static const unsigned char loopback[16] = {[15] = 1};
	struct address address;

	inet_ntop(family, bytes, address.text, sizeof(address.text));
	address.is_loopback = family == AF_INET ? bytes[0] == 127
						: memcmp(bytes, loopback, sizeof(loopback)) == 0;
	return address;
}

static void packet_take(const unsigned char *data, size_t len, struct wanted_list *list)
{
	struct address from, to;
	size_t header;

	if (len >= 20 && data[0] >> 4 == 4) {
		header = (size_t)(data[0] & 15) * 4;
		from = address_read(AF_INET, data + 12);
		to = address_read(AF_INET, data + 16);
		if (header <= len)
			transport_take(data + header, len - header, data[9], &from, &to, list);
	} else if (len >= 40 && data[0] >> 4 == 6) {
		from = address_read(AF_INET6, data + 8);
		to = address_read(AF_INET6, data + 24);
		transport_take(data + 40, len - 40, data[6], &from, &to, list);
	}
}

/* False when there is no more. */
static bool packets_read(int fd, struct wanted_list *list)
{
	unsigned char data[PACKET_MAX];

	for (size_t i = 0; i < PACKETS_AT_ONCE; i++) {
		ssize_t len = recv(fd, data, sizeof(data), 0);

		if (len < 0)
			return false;
		packet_take(data, (size_t)len, list);
	}
	return true;
}

static void drops_read(int fd, struct wanted_list *list)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
		list->more += stats.tp_drops;
}

void network_read(int fd, struct wanted_list *list)
{
	packets_read(fd, list);
	drops_read(fd, list);
}

/* What a socket holds is bounded, and so is this. */
void network_read_all(int fd, struct wanted_list *list)
{
	for (size_t i = 0; i < READS_AT_END && packets_read(fd, list); i++) {
	}
	drops_read(fd, list);
}
