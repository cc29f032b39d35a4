-- call_begin notes that a worker is about to send a call that changes something, and for how long it may be carried out.
--
-- KEYS  1 req:<id>  2 leases
-- ARGV  1 id  2 schema  3 epoch  4 worker  5 number of the call  6 how long it lasts, ms
--
-- missing, newer, fenced
local no = unusable(KEYS[1], ARGV[2]) or fenced(KEYS[1], KEYS[2], ARGV[1], ARGV[3], ARGV[4])
if no then return no end
redis.call('HSET', KEYS[1], 'call', ARGV[3] .. ':' .. ARGV[5], 'call_until', text(now() + tonumber(ARGV[6])))
return {'ok'}
