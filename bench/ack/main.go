// Command ack measures how fast signed slash commands, presses and submissions are answered: it is a server made of
// package bot, and a load generator that is put before that server or any other (bench/bolt). See bench/run.sh.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	debug.SetGCPercent(400) // as the bot does
	serve := flag.String("serve", "", "serve the bot at this address")
	var l load
	flag.StringVar(&l.url, "url", "", "load the bot at this address")
	flag.StringVar(&l.secret, "secret", "bench-signing-secret", "the signing secret")
	flag.StringVar(&l.api, "api", "127.0.0.1:9901", "where Slack's API is stood in for (load), or is (serve)")
	flag.StringVar(&l.name, "name", "bot", "what is loaded, in the output")
	flag.DurationVar(&l.span, "for", 4*time.Second, "how long each measurement takes")
	flag.IntVar(&l.connections, "connections", 16, "requests at once")
	flag.IntVar(&l.pid, "pid", 0, "the server's process, to count its processor time")
	flag.Float64Var(&l.rate, "rate", 0, "requests a second; 0: as many as are answered")
	flag.IntVar(&l.unsigned, "unsigned", 0, "connections of strangers that are open all the while")
	flag.Parse()
	if *serve != "" {
		return server(ctx, *serve, l.secret, "http://"+l.api+"/api/")
	}
	return l.run(ctx)
}

// server does what bench/bolt/app.js does: a command opens a modal, a press and a submission are acked.
func server(ctx context.Context, address, secret, api string) error {
	m := bot.NewMessenger(bot.MessengerOptions{Token: func() string { return "xoxb-bench" }, APIURL: api, HTTP: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}})
	r := bot.NewRouter(bot.Options{Log: slog.New(slog.DiscardHandler)})
	r.OnCommand("/rc", func(_ context.Context, c bot.Command) (bot.Answer, error) {
		return bot.Answer{Then: func(ctx context.Context) error {
			_, err := m.OpenView(ctx, c.TriggerID, modal())
			return err
		}}, nil
	})
	r.OnAction("approve", func(context.Context, bot.Action) (bot.Answer, error) { return bot.Answer{}, nil })
	r.OnSubmit("connect", func(_ context.Context, s bot.Submission) (bot.Answer, error) {
		if s.View.State.At("block0", "action0").Text == "" {
			return bot.Answer{}, fmt.Errorf("nothing filled in")
		}
		return bot.Answer{}, nil
	}, nil)
	h := bot.NewHTTPSource(r, bot.HTTPOptions{SigningSecrets: []func() string{func() string { return secret }}})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ConnContext: bot.ConnContext}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	fmt.Println("listening")
	if err := s.Serve(bot.BoundConnections(listener, bot.MaxConnections)); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func modal() slack.ModalViewRequest {
	plain := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "connect", Title: plain("Connect"), Submit: plain("Ask"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("block0", plain("Alias"), nil, slack.NewPlainTextInputBlockElement(nil, "action0")),
		}},
	}
}
