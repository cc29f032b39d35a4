-- request_redraw has a request told again as it is, whatever was shown of it before.
--
-- KEYS  1 req:<id>  2 unannounced
-- ARGV  1 id  2 schema
--
-- missing, newer
local no = unusable(KEYS[1], ARGV[2])
if no then return no end
redis.call('HSET', KEYS[1], 'announced', '0')
redis.call('ZADD', KEYS[2], text(now()), ARGV[1])
return {'ok'}
