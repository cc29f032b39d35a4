-- lease_extend starts a worker's lease anew.
--
-- KEYS  1 req:<id>  2 leases
-- ARGV  1 id  2 schema  3 epoch  4 worker  5 lease, ms
--
-- missing, newer, fenced
local no = unusable(KEYS[1], ARGV[2]) or fenced(KEYS[1], KEYS[2], ARGV[1], ARGV[3], ARGV[4])
if no then return no end
redis.call('ZADD', KEYS[2], text(now() + tonumber(ARGV[5])), ARGV[1])
return {'ok'}
