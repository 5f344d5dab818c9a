/* vyre_live.h: the layout of the live sidecar RING.live, for C and OpenCL C.
 *
 * Generated from vyrectl/abi/live.py: python -m vyrectl.devtools generate
 *
 * Layout only. Word indices from the beginning of the file; what an operation on it must keep stands in
 * live.h.
 */
#ifndef VYRE_LIVE_H
#define VYRE_LIVE_H

/* Words of the header */
#define VYRE_LIVE_MAGIC                       0u             /* bytes VYRE */
#define VYRE_LIVE_MAGIC_END                   1u             /* bytes LIVE */
#define VYRE_LIVE_VERSION                     2u             /* version of this layout */
#define VYRE_LIVE_SLOTS                       3u             /* slots of the ring */
#define VYRE_LIVE_PID                         4u             /* process that drives the device */
/* when that process began, in clock ticks since boot: low half */
#define VYRE_LIVE_PID_START_LOW               5u
/* and high half; tells a process from a later one with its number */
#define VYRE_LIVE_PID_START_HIGH              6u
#define VYRE_LIVE_RING_DEVICE_LOW             7u             /* st_dev of the ring: low half */
#define VYRE_LIVE_RING_DEVICE_HIGH            8u             /* and high half */
#define VYRE_LIVE_RING_INODE_LOW              9u             /* st_ino of the ring: low half */
#define VYRE_LIVE_RING_INODE_HIGH             10u            /* and high half */
#define VYRE_LIVE_WORKERS                     11u            /* redo records */
#define VYRE_LIVE_INBOX_CAPACITY              12u            /* places of the inbox, a power of two */
#define VYRE_LIVE_EDITORS                     13u            /* editors' seats */
#define VYRE_LIVE_CONTROL_FIRST               14u            /* first word of the control buffer */
#define VYRE_LIVE_CONTROL_WORDS               15u            /* its words */
/* first of the op handles that may not run twice */
#define VYRE_LIVE_ONCE_FIRST                  16u
#define VYRE_LIVE_ONCE_WORDS                  17u            /* how many they are */
/* non-zero: tenant masks and quotas of the control buffer decide who runs */
#define VYRE_LIVE_GATED                       18u
#define VYRE_LIVE_WATCH_FIRST                 19u            /* first word of the workers' seats */
#define VYRE_LIVE_WATCH_SEATS                 20u            /* how many they are, 0 when nobody is watched */
#define VYRE_LIVE_WATCH_STRIDE                21u            /* words of each */
/* first of the rows of tenants that the launch bounds */
#define VYRE_LIVE_QUOTA_FIRST                 22u
#define VYRE_LIVE_QUOTA_ROWS                  23u            /* how many they are */
/* first of the handles of operations that the launch was given */
#define VYRE_LIVE_OPS_FIRST                   24u
#define VYRE_LIVE_OPS_WORDS                   25u            /* how many they are */
/* OPEN while slots may be edited, CLOSING, CLOSED; written by the launch */
#define VYRE_LIVE_STATE                       32u
/* non-zero: the launch stays when drained; written by the launch */
#define VYRE_LIVE_FOLLOW                      48u
/* one of the wishes below; written by the launch */
#define VYRE_LIVE_LEAVE                       64u
/* one more for each change an editor made; the launch sleeps on it */
#define VYRE_LIVE_BELL                        80u
/* processes that sleep on BELL and must be woken */
#define VYRE_LIVE_SLEEPERS                    96u
/* slots that editors made claimable; counted before they are published */
#define VYRE_LIVE_ACCEPTED                    112u
#define VYRE_LIVE_INBOX_HEAD                  128u           /* place that is taken next, modulo 2^32 */
#define VYRE_LIVE_INBOX_TAIL                  144u           /* place that is filled next, modulo 2^32 */
/* when the host last looked at the workers' seats, milliseconds modulo 2^32 */
#define VYRE_LIVE_NOTED_MS                    160u
/* the shortest turn in hand when the launch last said that it stands still; 0: it gets on; the host's */
#define VYRE_LIVE_HUNG_MS                     176u

/* Inbox and redo records */
#define VYRE_LIVE_STAY                        0u             /* what LEAVE asks of workers */
#define VYRE_LIVE_LEAVE_IDLE                  1u             /* end the kernel when there is no work */
#define VYRE_LIVE_LEAVE_NOW                   2u             /* end it with the work in hand */
/* the inbox begins here, redo records follow it */
#define VYRE_LIVE_HEADER_WORDS                256u
/* a place of the inbox: lap above, slot + 1 below */
#define VYRE_LIVE_LAP_SHIFT                   28u
#define VYRE_LIVE_LAP_MASK                    15u
#define VYRE_LIVE_SLOT_MASK                   0x0fffffffu
#define VYRE_LIVE_REDO_WORDS                  16u            /* a redo record: slot + 1, then */
#define VYRE_LIVE_REDO_STATE                  1u
#define VYRE_LIVE_REDO_PRIORITY               2u
#define VYRE_LIVE_REDO_CONTINUATION_PC        3u
#define VYRE_LIVE_REDO_CONTINUATION_DATA      4u
#define VYRE_LIVE_REDO_RESUME_EPOCH           5u
#define VYRE_LIVE_REDO_AGE_TICKS              6u
#define VYRE_LIVE_REDO_REQUEUE_COUNT          7u
#define VYRE_LIVE_REDO_YIELD_COUNT            8u
#define VYRE_LIVE_REDO_FLAGS                  9u

/* Workers' seats */
#define VYRE_LIVE_WATCH_TURN                  0u             /* turns begun, modulo 2^32 */
#define VYRE_LIVE_WATCH_SLOT                  1u             /* slot + 1, 0 for none */
#define VYRE_LIVE_WATCH_OP                    2u             /* its op_handle */
#define VYRE_LIVE_WATCH_POLLS                 3u             /* looks for work in vain, modulo 2^32 */
#define VYRE_LIVE_WATCH_LANE_WORDS            16u            /* a seat of a work-item that is alone */

#endif /* VYRE_LIVE_H */
