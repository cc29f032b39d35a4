package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

func (s *story) redisState(_ *testscript.TestScript, args []string) error {
	switch args[0] {
	case "down":
		s.Redis.Close()
		return nil
	case "up":
		if err := s.Redis.Restart(); err != nil {
			return err
		}
		for askReady(s.ctx, s.in.Addr) != nil { // the client tries again once a second
			time.Sleep(20 * time.Millisecond)
		}
		return nil
	case "real": // before start: the one inside this process has no memory that could be full
		server := storetest.Real(s.stories)
		s.server = &server
		s.edits = append(s.edits, func(c *config.Config) { c.Redis.Addresses = []string{server.Addr} })
		return nil
	case "backup":
		s.backup = map[string]string{}
		return s.eachKey(func(key string) error {
			value, err := s.server.Client.Dump(s.ctx, key).Result()
			if errors.Is(err, redis.Nil) {
				return nil // it has lived its time
			}
			s.backup[key] = value
			return err
		})
	case "emptied":
		return s.server.Client.FlushAll(s.ctx).Err()
	case "restored":
		err := s.server.Client.FlushAll(s.ctx).Err()
		for key, value := range s.backup {
			err = errors.Join(err, s.server.Client.Restore(s.ctx, key, 0, value).Err())
		}
		return err
	case "full":
		return s.server.Client.ConfigSet(s.ctx, "maxmemory", "1mb").Err()
	case "free":
		return s.server.Client.ConfigSet(s.ctx, "maxmemory", "0").Err()
	}
	return fmt.Errorf("nobody knows what redis %s would be", args[0])
}

// logs waits until a line of the log matches.
func (s *story) logs(_ *testscript.TestScript, args []string) error {
	pattern := regexp.MustCompile(args[0])
	return s.eventually(func() error {
		if !pattern.MatchString(s.log.String()) {
			return fmt.Errorf("not in the log: %s", args[0])
		}
		return nil
	})
}

func (s *story) eachKey(do func(key string) error) error {
	keys, err := s.server.Client.Keys(s.ctx, "*").Result()
	for _, key := range keys {
		err = errors.Join(err, do(key))
	}
	return err
}

// everythingInRedis is every value of every key.
func (s *story) everythingInRedis() string {
	if s.server != nil {
		return s.everythingAt(s.server.Client)
	}
	client := redis.NewClient(&redis.Options{Addr: s.Redis.Addr()})
	defer func() { _ = client.Close() }()
	return s.everythingAt(client)
}

func (s *story) everythingAt(client redis.Cmdable) string {
	ctx := context.Background() // the story's own is over
	var b strings.Builder
	keys, err := client.Keys(ctx, "*").Result()
	for _, key := range keys {
		var value any
		switch kind := client.Type(ctx, key).Val(); kind {
		case "string":
			value, err = client.Get(ctx, key).Result()
		case "hash":
			value, err = client.HGetAll(ctx, key).Result()
		case "set":
			value, err = client.SMembers(ctx, key).Result()
		case "zset":
			value, err = client.ZRange(ctx, key, 0, -1).Result()
		case "list":
			value, err = client.LRange(ctx, key, 0, -1).Result()
		case "stream":
			value, err = client.XRange(ctx, key, "-", "+").Result()
		case "none": // it has expired since it was listed
			continue
		default:
			err = fmt.Errorf("a %s is not looked into", kind)
		}
		if errors.Is(err, redis.Nil) { // likewise
			err = nil
			continue
		}
		if err != nil {
			break
		}
		fmt.Fprintln(&b, key, value)
	}
	if err != nil { // what could not be looked into counts as a leak, where there are secrets
		fmt.Fprintln(&b, err, s.issued.List())
	}
	return b.String()
}
