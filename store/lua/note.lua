-- note remembers where something was posted. The version stays: the bot's own posting is nothing to show.
--
-- KEYS  1 req:<id>
-- ARGV  1 schema  2 field  3 value
--
-- missing, newer
local no = unusable(KEYS[1], ARGV[1])
if no then return no end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return {'ok'}
