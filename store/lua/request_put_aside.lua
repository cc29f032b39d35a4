-- request_put_aside puts a request aside that can't be read: it leaves every index but its own and stays as it is, its target held.
--
-- KEYS  1-5 as in lib.lua  6 pending  7 ready  8 leases  9 aside  10 waiting
-- ARGV  1-6 as in lib.lua
--
-- missing, newer
-- conflict  it is put aside already, or it was and a person has resolved it: lists still find its record for a while
local done = again(KEYS[1]) or unusable(KEYS[4], ARGV[5])
if done then return done end
if redis.call('ZSCORE', KEYS[9], ARGV[4]) or resolved(KEYS[4]) then return {'conflict'} end
local head = moved()
if head then return head end

countable(KEYS[4])
record()
redis.call('HSET', KEYS[4], 'aside', '1')
redis.call('ZADD', KEYS[9], text(now()), ARGV[4])
for i = 5, 8 do redis.call('ZREM', KEYS[i], ARGV[4]) end
redis.call('ZREM', KEYS[10], ARGV[4])
return {'ok'}
