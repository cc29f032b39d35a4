-- announced notes which version has been shown, and ends the teller's lease.
--
-- KEYS  1 req:<id>  2 lagging
-- ARGV  1 id  2 schema  3 version  4 owner
--
-- missing, newer
local no = unusable(KEYS[1], ARGV[2])
if no then return no end
local is = redis.call('HMGET', KEYS[1], 'announced', 'version', 'teller')
local shown = math.max(tonumber(is[1]), math.min(tonumber(ARGV[3]), tonumber(is[2])))
redis.call('HSET', KEYS[1], 'announced', text(shown))
if is[3] == ARGV[4] then redis.call('HDEL', KEYS[1], 'teller', 'telling') end
if shown >= tonumber(is[2]) then redis.call('ZREM', KEYS[2], ARGV[1]) end
return {'ok'}
