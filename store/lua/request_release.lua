-- request_release gives a request back, so that another worker may take it at once and knows that nothing is under way.
--
-- KEYS  1 call:<nonce>  2 req:<id>  3 leases  4 wake
-- ARGV  1 id  2 schema  3 epoch  4 worker
--
-- missing, newer, fenced
local done = again(KEYS[1]) or unusable(KEYS[2], ARGV[2]) or fenced(KEYS[2], KEYS[3], ARGV[1], ARGV[3], ARGV[4])
if done then return done end
redis.call('SET', KEYS[1], '1', 'EX', 60)
redis.call('HSET', KEYS[2], 'released', '1')
redis.call('ZADD', KEYS[3], text(now()), ARGV[1])
wake(KEYS[4])
return {'ok'}
