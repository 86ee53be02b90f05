/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/adapter_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema/tip.h"

int adapter_spec_split(char *text, char at, char **parts, int max)
{
	int n = 0;

	while (text) {
		char *end = strchr(text, at);

		if (n == max)
			return -1;
		if (end)
			*end++ = '\0';
		parts[n++] = text;
		text = end;
	}
	return n;
}

static int read_channels(char *text, uint32_t *channels, struct err *err)
{
	char *parts[N_CHANNELS];
	int n = adapter_spec_split(text, '+', parts, N_CHANNELS);

	*channels = 0;
	for (int i = 0; i < n; i++) {
		int channel = taxonomy_find(channel_names, N_CHANNELS, parts[i], strlen(parts[i]));

		if (channel < 0)
			return err_set(err, ERR_USAGE, "bad-value",
				       "there is no channel \"%.32s\": web, phone, partner, batch, letter", parts[i]);
		*channels |= 1u << channel;
	}
	return n < 0 ? err_set(err, ERR_USAGE, "bad-value", "too many channels") : 0;
}

static int read_id(const char *text, struct keys_site_adapter *adapter, struct err *err)
{
	unsigned long id;
	char *end;

	errno = 0;
	id = strtoul(text, &end, 10);
	if (errno || *end || end == text || id < 1 || id > UINT16_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "adapter %s: an id is a number from 1 to 65535", adapter->name);
	adapter->id = (uint16_t)id;
	return 0;
}

int adapter_spec_read(char *text, bool numbered, struct keys_site_adapter *adapter, struct err *err)
{
	char *parts[3];
	int n = adapter_spec_split(text, ':', parts, 3);

	if (n != 3 && (numbered || n != 2))
		return err_set(err, ERR_USAGE, "bad-value", "an adapter is NAME:ID:CHANNEL+CHANNEL%s",
			       numbered ? "" : ", or NAME:CHANNEL+CHANNEL for the next free number");
	adapter->name = parts[0];
	adapter->id = 0;
	if (n == 3 && read_id(parts[1], adapter, err) < 0)
		return -1;
	return read_channels(parts[n - 1], &adapter->channels, err);
}
