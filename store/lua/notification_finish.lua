-- notification_finish notes which version has been shown, and ends the notifier's lease.
--
-- KEYS  1 req:<id>  2 unannounced
-- ARGV  1 id  2 schema  3 version  4 owner
--
-- missing, newer
-- fenced  owner has no lease on telling the request any more
local no = unusable(KEYS[1], ARGV[2]) or late(KEYS[1], ARGV[4])
if no then return no end
local is = redis.call('HMGET', KEYS[1], 'announced', 'version')
local shown = math.max(tonumber(is[1]), math.min(tonumber(ARGV[3]), tonumber(is[2])))
redis.call('HSET', KEYS[1], 'announced', text(shown))
redis.call('HDEL', KEYS[1], 'notifier', 'notifying')
if shown >= tonumber(is[2]) then redis.call('ZREM', KEYS[2], ARGV[1]) end
return {'ok'}
