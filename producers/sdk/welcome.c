/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/welcome.h"

#include "ops/runtime/yaml.h"
#include "producers/sdk/json_member.h"
#include "schema/frame.h"

#define ACK_TIMEOUT_DEFAULT_MS 45000
#define ACK_TIMEOUT_MIN_MS 1000
#define ACK_TIMEOUT_MAX_MS 600000
#define PING_DEFAULT_MS 5000

static int read_int(const struct yaml_node *root, const char *key, int64_t least, int64_t most, int64_t *out,
		    struct err *err)
{
	const struct yaml_node *node = yaml_get(root, key);
	return node == NULL ? 0 : yaml_int(node, least, most, out, err);
}

static int read_members(struct welcome *welcome, const struct yaml_node *root, struct err *err)
{
	int64_t proto = TIP1_PROTO, max_frame = FRAME_MAX;

	if (root == NULL || yaml_kind(root) != YAML_MAP)
		return err_set(err, ERR_DATA, NULL, "welcome: not an object");
	if (read_int(root, "proto", TIP1_PROTO, TIP1_PROTO, &proto, err) ||
	    read_int(root, "max_frame", FRAME_HEAD, FRAME_MAX, &max_frame, err) ||
	    read_int(root, "ping_ms", 100, 60000, &welcome->ping_ms, err))
		return -1;
	welcome->max_frame = (size_t)max_frame;
	return 0;
}

int welcome_read(struct welcome *welcome, const struct tip1 *head, struct slice json, struct err *err)
{
	struct welcome read = { .max_frame = FRAME_MAX, .ack_timeout_ms = ACK_TIMEOUT_DEFAULT_MS,
				.ping_ms = PING_DEFAULT_MS };
	struct yaml *yaml;

	if (head->arg >= ACK_TIMEOUT_MIN_MS && head->arg <= ACK_TIMEOUT_MAX_MS)
		read.ack_timeout_ms = head->arg;
	if (json.len > TIP1_PAYLOAD_JSON_MAX)
		return err_set(err, ERR_DATA, NULL, "welcome: larger than allowed");
	/* Every JSON document is a YAML document, and the YAML reader is bounded. */
	if (yaml_parse(&yaml, "welcome", (const char *)json.data, json.len, err))
		return -1;
	int rc = read_members(&read, yaml_root(yaml), err);
	yaml_free(yaml);
	if (!json_member(json, "recipients", &read.recipients))
		read.recipients = slice_of("", 0);
	if (rc == 0)
		*welcome = read;
	return rc;
}
