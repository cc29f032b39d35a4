-- record_keep writes down that somebody wants what a record allows to stay, once for what they saw: the record as that request
-- wrote it, and the last such decision before. The record is checked at once, so that whatever asks for one sees it.
--
-- KEYS  1-3 as in lib.lua  4 records:index  5 records:kept  6 checks:<queue>
-- ARGV  1-3 as in lib.lua  4 schema  5 key of the record  6 the request that wrote it  7 the decision before ('' for none)
--       8 the decision
--
-- newer
-- conflict  the record is gone or another one, or somebody has decided since
local done = again(KEYS[1]) or newer(KEYS[5], ARGV[4])
if done then return done end
local key = ARGV[5]
if not redis.call('ZSCORE', KEYS[4], 'request ' .. ARGV[6] .. '\n' .. key) then return {'conflict'} end
if (redis.call('HGET', KEYS[5], key) or '') ~= ARGV[7] then return {'conflict'} end
local head = moved()
if head then return head end

write()
redis.call('HSET', KEYS[5], 'schema', ARGV[4], key, ARGV[8])
if redis.call('ZSCORE', KEYS[6], key) then redis.call('ZADD', KEYS[6], text(now()), key) end
return {'ok'}
