//! Every bound in the house, and the asserts that tie them together.
//!
//! A limit says what it bounds and why it has that size. Nothing elsewhere sizes a buffer, a ring
//! or a table by a number of its own.

mod live;

pub use live::*;

/// The largest frame that is looked at, bytes. Coinbase's `level2` snapshot of a major pair is
/// several MB; its own SDK allows 10 MiB, and a margin is left above that.
pub const FRAME_BYTES_MAX: usize = 16 << 20;

/// Buffers of the strict path are sized at start for frames up to this many bytes. Larger ones may
/// allocate and are counted as `oversized`.
pub const FRAME_BYTES_STEADY: usize = 1 << 20;

/// Readable bytes that must follow a frame in its buffer, so that vector loads may run past it.
pub const FRAME_PAD_BYTES: usize = 64;

/// Frames up to this many bytes are tried on the fast path: its index of quotation marks has 16-bit
/// places. Above it are snapshots only, for which the strict path is good enough.
pub const FRAME_BYTES_FAST: usize = 1 << 16;

/// Quotation marks that the fast path indexes in one frame: at most every second byte is one.
pub const FRAME_QUOTES_MAX: usize = FRAME_BYTES_FAST / 2 + 64;

/// Frames up to this many bytes are learned by heart, a whole number of vectors: best bid and ask,
/// trades, and changes of a few levels.
pub const FRAME_BYTES_LEARNED: usize = 256;

/// Levels of a frame that is learned, an even number.
pub const FRAME_LEVELS_LEARNED: usize = 4;

/// Frames that are known by heart: a stream has a handful of layouts, by the lengths of its
/// numbers. A kilobyte each, so that those in use stay in the caches.
pub const TEMPLATES_MAX: usize = 512;

/// Objects and arrays nested in one frame; the deepest real frame nests six.
pub const FRAME_NESTING_MAX: usize = 32;

/// Levels that the buffers for one frame hold without growing. The shortest level on any wire,
/// `["1","1"],`, takes 10 bytes.
pub const FRAME_LEVELS_STEADY: usize = FRAME_BYTES_STEADY / 10 + 1;

/// Events that one frame may hold without its buffer growing (a batch of trades, products of one
/// Coinbase frame); the shortest trade on any wire takes 40 bytes.
pub const FRAME_EVENTS_STEADY: usize = FRAME_BYTES_STEADY / 40 + 1;

/// Levels that travel in one `Market` message; a larger snapshot goes in parts, the last marked.
pub const PART_LEVELS_MAX: usize = 16_384;

/// Bytes of the longest symbol, as on the wire.
pub const SYMBOL_BYTES_MAX: usize = 32;

/// Instruments of one process.
pub const INSTRUMENTS_MAX: usize = 4_096;

/// Connections of one process, recorded or live.
pub const CONNECTIONS_MAX: usize = 256;

/// Physical connections of one session: two at once, and a successor of one of them.
pub const LINES_MAX: usize = 3;

/// Levels a side in a `Depth` message, and in Kraken's checksum.
pub const DEPTH_LEVELS: usize = 10;

/// Levels a side of a flat ladder: the deepest book that Kraken offers.
pub const LADDER_LEVELS_MAX: usize = 1_000;

/// Levels a side outside a deep book's window. Beyond it the worst is dropped and the book says
/// that it is truncated.
pub const FAR_LEVELS_MAX: usize = 65_536;

/// Of these, levels whose memory is resident from the start; real books keep a few thousand there.
pub const FAR_LEVELS_WARM: usize = 16_384;

/// Of what waits for a snapshot, events and levels whose memory is resident from the start.
pub const PENDING_EVENTS_WARM: usize = 2_048;
/// See [`PENDING_EVENTS_WARM`].
pub const PENDING_LEVELS_WARM: usize = 1 << 16;

/// Ticks of a deep book's window, at most. 2^17 ticks of 0.01 are +-655 USD; a real session moved
/// 235 USD in 11 minutes, and 2^16 already sends 7 % of the changes to the far array.
pub const WINDOW_TICKS_MAX: usize = 1 << 17;

/// Ticks of a deep book's window, at least: one summary word of the bitmap.
pub const WINDOW_TICKS_MIN: usize = 1 << 12;

/// Depth events that wait for their snapshot, all instruments together. At ten a second and symbol
/// that is more than a minute for fifty symbols.
pub const PENDING_EVENTS_MAX: usize = 32_768;

/// Levels of the depth events that wait for their snapshot, all instruments together.
pub const PENDING_LEVELS_MAX: usize = 1 << 20;

/// Slots of the ring that carries `Market` headers from feed to book.
pub const RING_MARKET_SLOTS: usize = 4_096;

/// Slots of the level ring beside it.
pub const RING_LEVEL_SLOTS: usize = 1 << 17;

/// Slots of the ring that carries `Quote`s.
pub const RING_QUOTE_SLOTS: usize = 4_096;

/// Slots of the ring that carries resync requests up from book to feed: one an instrument is the
/// most that can be outstanding.
pub const RING_RESYNC_SLOTS: usize = INSTRUMENTS_MAX;

/// Bytes of all recordings that are replayed at once, inflated: a tape lies in memory.
pub const TAPE_BYTES_MAX: usize = 16 << 30;

/// The earliest time of a frame, ns since 1970: September 2001. What is smaller is a time in
/// seconds, milliseconds or microseconds.
pub const RECV_NS_MIN: i64 = 1_000_000_000_000_000_000;

/// The latest time of a frame, ns since 1970: the end of the year 2099. Beyond the year 2262 the
/// number itself would overflow.
pub const RECV_NS_MAX: i64 = 4_102_444_799_999_999_999;

/// Ticks that one frame may bring: an hour of silence, after which nothing more can grow stale.
pub const TICKS_AT_ONCE_MAX: i64 = 36_000;

/// Refused frames that are kept with their reason, the latest ones.
pub const REFUSED_KEPT_MAX: usize = 64;

/// Bytes kept of a refused frame.
pub const REFUSED_BYTES_KEPT: usize = 2_048;

/// Decimals of a price or a quantity: 10^18 is the largest power of ten in an `i64`.
pub const DECIMALS_MAX: u8 = 18;

/// Bytes of the longest decimal text that is looked at; sized numbers of real venues have 20.
pub const DECIMAL_BYTES_MAX: usize = 48;

/// Bytes of a journal block before compression, at most: the largest frame and its record's head.
pub const JOURNAL_BLOCK_BYTES_MAX: usize = FRAME_BYTES_MAX + 4_096;

/// Bytes of a journal block before compression, ordinarily: what a crash may lose, and enough for
/// the compressor to find what repeats.
pub const JOURNAL_BLOCK_BYTES: usize = 256 << 10;

/// Bytes of a journal record about an instrument or an opened connection: all of those together
/// begin each segment, in one block.
pub const JOURNAL_KNOWN_BYTES_MAX: usize = 2_048;

/// Bytes of a journal segment, ordinarily.
pub const JOURNAL_SEGMENT_BYTES: u64 = 256 << 20;

/// Bytes of a whole journal, ordinarily; beyond it the oldest segments go.
pub const JOURNAL_QUOTA_BYTES: u64 = 16 << 30;

/// Bytes of a configuration file. A thousand instruments take about 300 KB.
pub const CONFIG_BYTES_MAX: usize = 2 << 20;

/// Tables and lists nested in a configuration file; its own keys nest five.
pub const CONFIG_NESTING_MAX: usize = 8;

/// Errors of a configuration file that are shown, the first ones.
pub const CONFIG_FAULTS_MAX: usize = 100;

/// Bytes of a name in the configuration: of an asset, an account, a group.
pub const NAME_BYTES_MAX: usize = 32;

/// Assets of one process.
pub const ASSETS_MAX: usize = 1_024;

/// Accounts of one process.
pub const ACCOUNTS_MAX: usize = 64;

/// The widest spacing of measured frames: 2^20 frames are minutes of a busy venue.
pub const SAMPLE_EVERY_MAX: u64 = 1 << 20;

/// Milliseconds of silence after which a book is stale, at most: an hour.
pub const STALE_AFTER_MS_MAX: u64 = 3_600_000;

/// Mebibytes of a journal segment, at most.
pub const JOURNAL_SEGMENT_MIB_MAX: u64 = 1 << 16;

/// Mebibytes of a whole journal, at most: a pebibyte.
pub const JOURNAL_QUOTA_MIB_MAX: u64 = 1 << 30;

/// Kibibytes of a journal block, at least; less compresses to nothing.
pub const JOURNAL_BLOCK_KIB_MIN: u64 = 4;

/// Kibibytes of a journal block, at most.
pub const JOURNAL_BLOCK_KIB_MAX: u64 = 16 << 10;

/// Basis points by which fungible assets may differ in price, at most: a tenth.
pub const BASIS_BPS_MAX: u64 = 1_000;

/// Whole units that one contract is worth, at most.
pub const CONTRACT_VALUE_MAX: u64 = 1_000_000_000;

/// Bytes of our own name of an order: the shortest that a venue allows as free text (Kraken's
/// `cl_ord_id`).
pub const CLIENT_ID_BYTES: usize = 18;

/// Bytes of an order's request, at most: the longest template is half of it.
pub const ORDER_BYTES_MAX: usize = 1_024;

/// Strategies of one process.
pub const STRATEGIES_MAX: usize = 64;

/// Orders of ours that are open or unknown at once, all venues together.
pub const OPEN_ORDERS_MAX: usize = 4_096;

/// Lanes of the risk gate that are made anew after each frame in which something moved: those of
/// a few quotes on both sides. Others cost their order the making, 15 ns; each kept one costs the
/// same after a frame.
pub const LANES_KEPT: usize = 8;

/// Orders that are over and still remembered, the latest ones: a late fill or a reply that was
/// overtaken comes within seconds, and the busiest account places a few hundred orders a second.
pub const OVER_ORDERS_KEPT: usize = 4_096;

/// Replies about orders that are not known that are kept, the latest ones.
pub const STRAY_REPLIES_KEPT: usize = 64;
/// Basis points of a price collar, at most: beyond it a price may be nothing or twice the market.
pub const COLLAR_BPS_MAX: u64 = 10_000;

/// Millionths of a fee, at most: a tenth. A rebate likewise.
pub const FEE_PPM_MAX: u64 = 100_000;

/// Requests a second, and at once, of one account, at most: no venue takes more.
pub const REQUESTS_MAX: u64 = 100_000;

/// Milliseconds of age of a quote, at most: an hour.
pub const QUOTE_AGE_MS_MAX: u64 = 3_600_000;

/// Bytes of the file that holds the risk gate's state: positions of every instrument and every open
/// order take less.
pub const LATCH_BYTES_MAX: u64 = 64 << 20;

/// Slots of the write-ahead ring, ordinarily: orders that the disk may be behind. 2 MiB, which the
/// ordinary limit of locked memory allows.
pub const AHEAD_SLOTS: usize = 1 << 14;

/// Slots of the write-ahead ring, at most.
pub const AHEAD_SLOTS_MAX: usize = 1 << 20;

/// Bytes of a line that an operator sends.
pub const OPERATOR_LINE_BYTES_MAX: usize = 4_096;

/// Bytes of an answer to an operator: every open order stands in one.
pub const OPERATOR_ANSWER_BYTES_MAX: usize = 16 << 20;

/// Operators that are connected at once.
pub const OPERATOR_CLIENTS_MAX: usize = 16;

/// Bytes of a line of the logs of orders and fills: the names of all instruments of a session stand
/// in one.
pub const LOG_LINE_BYTES_MAX: usize = 4 << 20;

/// Bytes at which a log of orders or fills is put aside when a session begins: a few hundred
/// thousand lines, which the sessions after it still read.
pub const LOG_BYTES_ROTATED: u64 = 64 << 20;

/// Lines that are not as they were written and are named, the first ones.
pub const DAMAGED_LINES_NAMED: usize = 16;

/// Messages that one call of `On::on` may emit beside what it passes on.
pub const EMIT_BURST_MAX: usize = 64;

/// Nanoseconds of logical time that a strategy waits after an order that came to nothing before it
/// sends the next one to that side: long enough that a refusal is no storm.
pub const BACKOFF_NS: i64 = 1_000_000_000;

/// How often the wait doubles while refusals go on: up to about a minute.
pub const BACKOFF_DOUBLINGS_MAX: u32 = 6;

/// Nanoseconds of logical time after which a cancel without an answer is asked for again.
pub const CANCEL_AGAIN_NS: i64 = 2_000_000_000;

/// Bytes of a model's file. The largest public benchmark's (four layers of 1000) has 120 MB.
pub const MODEL_BYTES_MAX: usize = 256 << 20;

/// Nodes, tensors, inputs or outputs of a model's graph. Step-by-step unrolled graphs have some
/// thousand nodes, and are not for the own engine anyway.
pub const MODEL_NODES_MAX: usize = 16_384;

/// Attributes of one node; an LSTM has nine.
pub const MODEL_ATTRIBUTES_MAX: usize = 32;

/// Sizes of a tensor.
pub const MODEL_RANK_MAX: usize = 8;

/// Bytes of an array that is read for a model.
pub const ARRAY_BYTES_MAX: usize = 256 << 20;

/// Features of a network.
pub const NETWORK_INPUTS_MAX: usize = 4_096;

/// Rows of a network's window.
pub const NETWORK_WINDOW_MAX: usize = 4_096;

/// LSTM layers of a network.
pub const NETWORK_LAYERS_MAX: usize = 4;

/// Cells of one LSTM layer: sums of bytes over more of them would not be exact as floats.
pub const NETWORK_HIDDEN_MAX: usize = 1_024;

/// Dense layers of a network.
pub const NETWORK_DENSE_MAX: usize = 8;

/// Values out of one dense layer.
pub const NETWORK_OUTPUTS_MAX: usize = 1_024;

/// Models of one process: one for each strategy, ordinarily.
pub const MODELS_MAX: usize = 64;

/// Milliseconds of anything that a strategy waits for, at most: a day.
pub const WAIT_MS_MAX: u64 = 86_400_000;

/// Replies on their way to dispatch, and reports on their way up to one reader: what a paper venue
/// may have to say at once.
pub const RING_REPORT_SLOTS: usize = PAPER_REPLIES_MAX;

/// Slots of the rings between cores for what goes with a view: in replay one frame is on its way at
/// a time, and a frame of many events still fits.
pub const RING_STAGE_SLOTS: usize = 1_024;

/// Slots of the ring that carries orders' bytes to the wire: one step's orders of all strategies.
pub const RING_WIRE_SLOTS: usize = STRATEGIES_MAX * EMIT_BURST_MAX;

/// Slots of the ring in which all that dispatch puts out waits for the cold side.
pub const RING_TAP_SLOTS: usize = 4_096;

/// Slots of the ring in which frames of a live session wait for the journal: a second at the rate
/// of a burst.
pub const RING_SCRIPT_SLOTS: usize = 1 << 16;

/// Bytes that those frames may have together. A frame takes at most half of it.
pub const RING_SCRIPT_BYTES: usize = 1 << 25;

// The largest frame finds room in an empty ring.
const _: () = assert!(RING_SCRIPT_BYTES / 2 >= FRAME_BYTES_MAX);

/// Nanoseconds between two times that a busy loop publishes its counters, on average.
pub const HOUSEKEEPING_NS: u64 = 1_000_000;

/// Nanoseconds of a turn with nothing to do above which the host took the core away: the work of
/// such a turn is less than a hundred.
pub const HICCUP_NS: u64 = 10_000;
/// The shortest horizon of a signal, ns: a millisecond. Books do not change more often.
pub const SIGNAL_HORIZON_NS_MIN: i64 = 1_000_000;

/// The longest horizon of a signal, ns: an hour, 2^31.8 microseconds.
pub const SIGNAL_HORIZON_NS_MAX: i64 = 3_600_000_000_000;

/// Rows that each instrument has for its windows, one for each microsecond in which something
/// happened; a power of two. Half a minute at 500 views a second, in 2 MiB an instrument.
pub const SIGNAL_WINDOW_ROWS: usize = 1 << 14;

/// Prices of signals are below this, in units of the instrument: 350,000 with 8 decimals. Squared,
/// doubled and summed over the longest horizon they fit 128 bits; dearer books have no signals.
pub const SIGNAL_PRICE_MAX: i64 = 1 << 45;
/// Lots of one position that are told apart, first in first out: months of a busy strategy. Beyond
/// it the youngest lot grows.
pub const LOTS_MAX: usize = 1 << 16;

/// Requests on their way to one paper venue; what is sent beyond it is turned away at its door.
pub const PAPER_REQUESTS_MAX: usize = 4_096;

/// Replies on their way back from one paper venue.
pub const PAPER_REPLIES_MAX: usize = 16_384;

/// Price levels that one order may take at a paper venue; what is left of it then expires. Real
/// venues protect takers in the same way.
pub const PAPER_WALK_LEVELS_MAX: usize = 256;

/// Price levels of which a paper venue remembers how much was taken.
pub const PAPER_TAKEN_MAX: usize = 4_096;

/// Microseconds to or from a paper venue, at most: a minute.
pub const PAPER_LATENCY_US_MAX: u64 = 60_000_000;

/// Bytes of plaintext in one TLS record (RFC 8446, 5.1).
pub const RECORD_PLAIN_BYTES_MAX: usize = 1 << 14;

/// Bytes of one TLS 1.3 record behind its head: plaintext, its kind, padding, tag (RFC 8446, 5.2).
pub const RECORD_SEALED_BYTES_MAX: usize = RECORD_PLAIN_BYTES_MAX + 256;

/// Bytes that one receive takes from a socket: a burst of messages, and the part of a buffer that
/// is used over and over still fits into the second-level cache.
pub const RECEIVE_BYTES: usize = 1 << 16;

/// Bytes that a connection's receive buffer has beside its largest message: what one receive
/// brings, records that are not opened, and plaintext behind a frame that is not complete.
pub const RECEIVE_SPARE_BYTES: usize = 4 * RECEIVE_BYTES;

/// Bytes that wait in a connection for a socket that takes no more; beyond it, sending is refused.
/// Orders have hundreds of bytes, so a venue that is so far behind is not there.
pub const SEND_BYTES_MAX: usize = 1 << 18;

/// Bytes of the head of an HTTP reply: the large ones of content delivery networks, doubled.
pub const HTTP_HEAD_BYTES_MAX: usize = 1 << 14;

/// Bytes of the body of an HTTP reply: Binance's list of instruments has some 10 MB.
pub const HTTP_BODY_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// Bytes of a refusing reply's body that an error quotes.
pub const EXCERPT_BYTES_MAX: usize = 512;

/// Masks of websocket frames made in one go: hours of orders.
pub const MASKS: usize = 4_096;
/// Orders that rest at once in one market of the simulator; what comes beyond them is refused. Its
/// busiest crowd keeps a few thousand.
pub const SIM_ORDERS_MAX: usize = 1 << 16;

/// Nanoseconds between two times at which the simulator's venues look what is due: divides every
/// interval of theirs.
pub const SIM_GRID_NS: i64 = 10_000_000;

/// Connections of one venue of the simulator, at once.
pub const SIM_CONNECTIONS_MAX: usize = 256;

/// Bytes of a client's frame or body that the simulator's venues take.
pub const SIM_REQUEST_BYTES_MAX: usize = 64 << 10;

/// Frames that wait for a slow client of the simulator; beyond it he is disconnected.
pub const SIM_QUEUE_FRAMES: usize = 8_192;

/// Bytes that wait for a slow client of the simulator; beyond it he is disconnected.
pub const SIM_QUEUE_BYTES: usize = 32 << 20;

/// Trades that each market of the simulator remembers, the latest ones: what a venue's REST gives.
pub const SIM_PAST_TRADES_MAX: usize = 1_000;

/// Accounts of one venue of the simulator.
pub const SIM_MEMBERS_MAX: usize = 64;

/// Orders that are over, and fills, that the simulator remembers of each account, the latest ones.
pub const SIM_MEMBER_CLOSED_MAX: usize = 10_000;
/// See [`SIM_MEMBER_CLOSED_MAX`].
pub const SIM_MEMBER_FILLS_MAX: usize = 20_000;

/// Bytes of a file of orders one by one, inflated, that statistics are made of: five hours of a
/// venue of 2015 take 4 MB.
pub const LIVES_BYTES_MAX: u64 = 1 << 30;

// A part must fit into the level ring twice, or a snapshot would wait on itself.
const _: () = assert!(RING_LEVEL_SLOTS >= 2 * PART_LEVELS_MAX);
// What waits for a snapshot must hold the largest frame that the strict path takes in its stride.
const _: () = assert!(PENDING_LEVELS_MAX >= FRAME_LEVELS_STEADY);
const _: () = assert!(WINDOW_TICKS_MAX.is_power_of_two() && WINDOW_TICKS_MIN.is_power_of_two());
const _: () = assert!(WINDOW_TICKS_MIN.is_multiple_of(4_096));
const _: () = assert!(FRAME_BYTES_FAST <= FRAME_BYTES_STEADY);
const _: () = assert!(FRAME_BYTES_STEADY <= FRAME_BYTES_MAX);
const _: () = assert!(DEPTH_LEVELS <= LADDER_LEVELS_MAX);
const _: () = assert!(JOURNAL_BLOCK_BYTES <= JOURNAL_BLOCK_BYTES_MAX);
const _: () = assert!(JOURNAL_BLOCK_BYTES_MAX <= u32::MAX as usize);
// What a segment begins with must fit into one block, heads of the records included.
const _: () = assert!(
    (INSTRUMENTS_MAX + CONNECTIONS_MAX) * (JOURNAL_KNOWN_BYTES_MAX + 64) <= JOURNAL_BLOCK_BYTES_MAX
);
const _: () = assert!(CONNECTIONS_MAX <= INSTRUMENTS_MAX);
const _: () = assert!(SAMPLE_EVERY_MAX.is_power_of_two());
const _: () = assert!((JOURNAL_BLOCK_KIB_MAX as usize) << 10 <= JOURNAL_BLOCK_BYTES_MAX);
const _: () = assert!(ASSETS_MAX < u16::MAX as usize);
// The integral of a squared distance of two mids, in half units, over the longest window.
const _: () = assert!(
    2 * ((2 * SIGNAL_PRICE_MAX).ilog2() + 1) + (SIGNAL_HORIZON_NS_MAX / 1_000).ilog2() + 1 < 127
);
const _: () = assert!(SIGNAL_WINDOW_ROWS.is_power_of_two());
const _: () = assert!(POST_BYTES_MAX >= 4 * ORDER_BYTES_MAX);
// Every request may be refused, and every open order may end, while one more order walks.
const _: () =
    assert!(PAPER_REPLIES_MAX >= PAPER_REQUESTS_MAX + OPEN_ORDERS_MAX + PAPER_WALK_LEVELS_MAX + 2);
const _: () = assert!(PAPER_TAKEN_MAX >= 2 * PAPER_WALK_LEVELS_MAX);
const _: () = assert!(STRATEGIES_MAX < u16::MAX as usize);
const _: () = assert!(MODELS_MAX < u16::MAX as usize);
const _: () = assert!(STRATEGIES_MAX < u16::MAX as usize);
const _: () = assert!(MODELS_MAX <= STRATEGIES_MAX);
// Each strategy may cancel two orders and place one in answer to a report of the market's.
const _: () = assert!(EMIT_BURST_MAX >= 3);
const _: () = assert!(BACKOFF_NS << BACKOFF_DOUBLINGS_MAX > 0);
// Products of two bytes are at most 127 x 127, and whole numbers up to 2^24 are exact as floats.
const _: () = assert!(127 * 127 * NETWORK_HIDDEN_MAX <= 1 << 24);
// Every open order, its cancel and its amendment may wait for the disk.
const _: () = assert!(AHEAD_SLOTS >= 3 * OPEN_ORDERS_MAX && AHEAD_SLOTS.is_power_of_two());
const _: () = assert!(AHEAD_SLOTS <= AHEAD_SLOTS_MAX && AHEAD_SLOTS_MAX.is_power_of_two());
// What one receive brings must find room behind a frame and the records before it.
const _: () = assert!(RECEIVE_SPARE_BYTES >= RECEIVE_BYTES + 3 * (RECORD_SEALED_BYTES_MAX + 64));
const _: () = assert!(SEND_BYTES_MAX >= 2 * RECORD_SEALED_BYTES_MAX);
const _: () = assert!(HTTP_HEAD_BYTES_MAX <= RECEIVE_BYTES);
