//! Bounds of live sessions: lines, questions, orders on their way, and how long each is waited for.

/// Replies of venues that usually wait for their step, and those that make one step.
pub const REPLIES_USUAL: usize = 256;
pub const REPLIES_STEP_MAX: usize = 64;

/// Lines that are dialled and questions that are asked at once.
pub const DIALS_MAX: usize = 16;

/// Seconds that an answer over REST may take, all of it.
pub const FETCH_SECONDS_MAX: u64 = 15;

/// Bytes of an order's HTTP request, whole: its body, and a head with a signed token.
pub const POST_BYTES_MAX: usize = 8 << 10;

/// Bytes of the body of an answer to one.
pub const POST_ANSWER_BYTES_MAX: usize = 1 << 20;

/// Connections that are kept open for orders to one host, for one account.
pub const KEPT_MAX: usize = 16;

/// Orders' requests that wait for one of them. Each waits so long at most, ns: later than that, the
/// market for which it was meant is over, and its session may be asking already what became of it.
pub const POSTS_WAITING_MAX: usize = 32;
/// See there.
pub const POST_WAIT_NS_MAX: i64 = 100_000_000;

/// How long an answer to one may take, ns, before its connection is given up.
pub const POST_NS_MAX: i64 = 15_000_000_000;

/// Replies, and facts, that a member without a machine keeps.
pub const MEMBER_KEPT_MAX: usize = 1 << 16;

/// Turns of a busy loop after which connections in which nothing is awaited are looked at once.
pub const KEPT_LOOK_EVERY: u32 = 256;

/// Nanoseconds after which a book that is not live, though its session takes it for live, is asked
/// for anew.
pub const RESYNC_AGAIN_NS: i64 = 10_000_000_000;

/// Actions of a session at once for which there is room from the start.
pub const ACTIONS_USUAL: usize = 64;

/// Nanoseconds between two times that a live session is told the time.
pub const SESSION_POLL_NS: i64 = 1_000_000;

/// Time for private sessions to come up and for what earlier ones left open to be cancelled, ns.
pub const OPENING_NS_MAX: i64 = 60_000_000_000;

/// Time for open orders to be cancelled when a session ends, and for unknown ones to become known,
/// ns: an order may reach Coinbase for 130 s, as long as its JWT is good, and is asked for again
/// each 30 s.
pub const CLOSING_NS_MAX: i64 = 180_000_000_000;

/// Time for private sessions to take leave when open orders are cancelled, ns.
pub const RETIRING_NS: i64 = 200_000_000;
