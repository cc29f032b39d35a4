-- calls_end notes that no call of a worker is under way any more, unless one after the named one has begun.
--
-- KEYS  1 req:<id>  2 leases
-- ARGV  1 id  2 schema  3 epoch  4 worker  5 number of the last call
--
-- missing, newer, fenced
local no = unusable(KEYS[1], ARGV[2]) or fenced(KEYS[1], KEYS[2], ARGV[1], ARGV[3], ARGV[4])
if no then return no end
if redis.call('HGET', KEYS[1], 'call') == ARGV[3] .. ':' .. ARGV[5] then redis.call('HDEL', KEYS[1], 'call', 'call_until') end
return {'ok'}
