// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU: how many instructions do calls of some functions of the guest
 * take? The guest is never stopped, so its clock runs as if nobody looked.
 *
 *	-plugin calls.so,out=FILE,NAME=ADDRESS[,NAME=ADDRESS]...
 *
 * Writes a line "@ call NAME COUNT" to FILE for each call that returned, and
 * "@ open NAME" for one that had not when QEMU ended. Counted is all that the CPU
 * did from the first instruction of the function until it is back behind the call:
 * functions that it calls, interrupts, and other tasks if it sleeps. A call that a
 * counted call makes is part of that one, and has no line of its own.
 *
 * For one CPU. A function that is reached by a jump behind other calls is not seen
 * to return, and shows up as open.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

PLUGIN_EXPORT int qemu_plugin_version = 1;

#define MAX_FUNCTIONS	64
#define OP_CALL		0xe8		/* call rel32 */
#define OP_GROUP5	0xff		/* with 2 in bits 3 to 5 of the next byte: call */

struct function {
	const char *name;
	uint64_t address;
};

/* A block of code of the guest, as long as QEMU runs. */
struct block {
	uint64_t start;
	uint64_t back;			/* it ends with a call, which returns here */
	const struct function *function; /* that begins here */
};

static struct function functions[MAX_FUNCTIONS];
static unsigned int nr_functions;
static FILE *out;

static uint64_t executed;		/* instructions */
static uint64_t back;			/* of the last call */

/* The call that is counted now. */
static struct {
	const struct function *function;
	uint64_t back;
	uint64_t begin;
} open_call;

static void call_ends(void)
{
	fprintf(out, "@ call %s %llu\n", open_call.function->name,
		(unsigned long long)(executed - open_call.begin));
	fflush(out);
	open_call.function = NULL;
}

/* Before the first instruction of the block. */
static void block_runs(unsigned int vcpu, void *arg)
{
	const struct block *block = arg;

	if (open_call.function && block->start == open_call.back)
		call_ends();
	if (block->function && !open_call.function) {
		open_call.function = block->function;
		open_call.back = back;
		open_call.begin = executed;
	}
	if (block->back)
		back = block->back;
}

static const struct function *function_at(uint64_t address)
{
	unsigned int i;

	for (i = 0; i < nr_functions; i++)
		if (functions[i].address == address)
			return &functions[i];
	return NULL;
}

static bool is_call(const struct qemu_plugin_insn *insn)
{
	const uint8_t *data = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);

	/* a prefix of the instruction: of a register above 7, or of a segment */
	while (size > 2 && ((*data & 0xf0) == 0x40 || *data == 0x2e || *data == 0x3e)) {
		data++;
		size--;
	}
	return *data == OP_CALL ||
	       (*data == OP_GROUP5 && size > 1 && (data[1] >> 3 & 7) == 2);
}

static void block_is_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn = NULL;
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		abort();
	for (i = 0; i < nr; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (!i)
			block->start = qemu_plugin_insn_vaddr(insn);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_ADD_U64, &executed, 1);
	}
	if (insn && is_call(insn))
		block->back = qemu_plugin_insn_vaddr(insn) + qemu_plugin_insn_size(insn);
	block->function = function_at(block->start);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, PLUGIN_NO_REGISTERS, block);
}

static void qemu_ends(qemu_plugin_id_t id, void *arg)
{
	if (open_call.function)
		fprintf(out, "@ open %s\n", open_call.function->name);
	fclose(out);
}

/* NAME=VALUE; out is no function. */
static bool take_argument(char *arg)
{
	char *value = strchr(arg, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(arg, "out")) {
		out = fopen(value, "we");
		return out;
	}
	if (nr_functions == MAX_FUNCTIONS)
		return false;
	functions[nr_functions].name = strdup(arg);
	functions[nr_functions].address = strtoull(value, NULL, 0);
	return functions[nr_functions++].address;
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info,
				      int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!take_argument(argv[i])) {
			fprintf(stderr, "calls.so: bad argument %s\n", argv[i]);
			return 1;
		}
	}
	if (!out || info->max_vcpus != 1) {
		fprintf(stderr, "calls.so: needs out=FILE and one CPU\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_is_translated);
	qemu_plugin_register_atexit_cb(id, qemu_ends, NULL);
	return 0;
}
