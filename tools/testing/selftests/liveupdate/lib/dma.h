/* SPDX-License-Identifier: GPL-2.0 */
/* What the stories of devices have in common: one device, one session. */
#ifndef LUO_DMA_H
#define LUO_DMA_H

#include <stdint.h>

#include "nic.h"
#include "vtd.h"

#define DMA_SESSION	"vm-17"

enum dma_token { DMA_RAM = 1, DMA_IOMMUFD, DMA_DEVICE };

/* A function of PCI as K1 has it. */
struct dma_fn {
	char bdf[VMM_BDF];
	uint32_t head[16];	/* its header, in config space */
	uint16_t msix;		/* control word of MSI-X */
};

/* The note of a story. */
struct dma_note {
	struct dma_fn device, port;
	uint64_t frames;	/* that K1 has seen */
	struct vtd_note vtd;
};

/* The device receives, and all numbers count from here on. */
void dma_begin(struct nic *nic);

/* Old kernel: put it down in the note, and the memfd and the device into a session. */
int dma_session(struct nic *nic);
void dma_note(struct nic *nic);
void dma_preserve_test(struct nic *nic, int session);	/* luo_test_function */
void dma_preserve(struct nic *nic, int session);	/* iommufd and vfio */
/* All of that, which is what most stories begin with. */
void dma_save(struct nic *nic);

/* New kernel: config space of both, and what VT-d has of it, are what they were. */
void dma_check_found(void);
/* For the picture: how far it has received by now. */
void dma_phase(struct nic *nic, const char *name);
/* Nobody but vfio-pci has the device, if anybody has, and it is not suspended. */
void dma_check_driver(void);

/* Nobody has taken it over, and it was stopped. */
void dma_check_quiet(struct nic *nic, const char *bdf);

/* The device, with luo_test_function; 0 or -errno. */
int dma_retrieve_test(int session);

/* The device, with vfio-pci, and the file of it; -errno */
int dma_get_device(int session);

/* The memfd, and what came into it meanwhile; frames go on coming. */
void dma_ram(struct nic *nic, int session);
/* Open, bind, new IOAS with the same mappings. */
void dma_reopen(struct nic *nic, int session);
/* The same, and its registers: all but the attachment. */
void dma_rebuild(struct nic *nic, int session);
/* All of it, frames coming all the time; the device is an ordinary one then. */
void dma_take_over(struct nic *nic);

/* The same in steps. Each of them needs those before. */
enum dma_step {
	DMA_STEP_SESSION, DMA_STEP_RAM, DMA_STEP_IOMMUFD, DMA_STEP_DEVICE, DMA_STEP_BIND,
	DMA_STEP_IOAS, DMA_STEP_MAP, DMA_STEP_ATTACH
};

const char *dma_step_name(enum dma_step step);
/* From the first one to this; or the end of the stage. */
void dma_steps(struct nic *to, int *session, enum dma_step last);
/* A monitor that gets as far as this, and is killed. */
void dma_killed_after(enum dma_step last);
/* The session goes back, as when its holder dies. */
void dma_lose(int session);
/* Memory alone, what a look at the frames needs; the session goes back. */
void dma_look(struct nic *nic);
/* nic_mark() by who does not have the device. */
void dma_mark(const char *bdf);

#endif /* LUO_DMA_H */
