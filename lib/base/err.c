/* err - what the codes mean, for people. */
#include "siprec/base.h"

const char *
sr_strerror(int err)
{
	switch (err) {
	case SR_OK: return "done";
	case SR_MORE: return "not complete";
	case SR_EBAD: return "malformed";
	case SR_ELIMIT: return "past a limit";
	case SR_EUNSUP: return "not supported";
	case SR_ENOENT: return "not found";
	case SR_EAUTH: return "not authentic";
	case SR_ENOMEM: return "out of memory";
	case SR_ESYS: return "system error";
	}
	return "unknown error";
}
